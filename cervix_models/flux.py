"""The large Flux (Black Forest Labs, 2024) with a ControlNet, as the first document tried it, from
a folder or from the cache of the Hugging Face hub. Nothing is downloaded here.

What is here, and whether it fits, is told without torch; opening it brings diffusers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cervix_models.contracts import Wish
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import CapacityError, WeightsError
from cervix_models.inference import Batch
from cervix_models.settings import Settings

if TYPE_CHECKING:
    from cervix_models.steering import SteeredMaker

NAME = "flux_controlnet"
BASE, CONTROLNET = "black-forest-labs/FLUX.1-dev", "XLabs-AI/flux-controlnet-canny-diffusers"
LARGE = 34 + 1.5  # gigabytes of both, in 16 bits
SIDE = 512  # pixels of its pictures
DISTILLED = 3.5  # the guidance that FLUX.1 dev learned to do without a second pass
ROOM = 2.0  # gigabytes beside the weights, for what is worked out
SMALL = 1.0  # gigabytes of weights that are kept in 32 bits on a processor
PARTS = ("transformer", "text_encoder", "text_encoder_2", "vae", "controlnet")
LICENCES = ("LICENSE.md", "LICENSE", "LICENSE.txt")
LICENCE = (
    "FLUX.1 [dev] and the ControlNets made for it are under the FLUX.1 [dev] Non-Commercial "
    "Licence of Black Forest Labs: for research and teaching without profit, not for use in "
    "production or in care. FLUX.1 [schnell] is under Apache 2.0. Read the licence that came with "
    "your files."
)
Placement = Literal["gpu", "offload", "eight_bits", "four_bits", "piecewise", "processor"]

# What each class looks like in a Papanicolaou smear, after the data set's own description
# (Plissiti et al., IEEE ICIP 2018), in our words.
LOOKS: dict[str, str] = {
    "Dyskeratotic": "one dyskeratotic squamous cell, keratinised too early, bright orange dense "
    "cytoplasm, dark enlarged nucleus",
    "Koilocytotic": "one koilocyte, mature squamous cell with a wide clear hollow around the "
    "nucleus, dense sharp rim of cytoplasm, dark enlarged wrinkled nucleus off the middle",
    "Metaplastic": "one squamous metaplastic cell, rounded, well marked border, dense blue-green "
    "cytoplasm with a lighter inner part, nucleus off the middle",
    "Parabasal": "one parabasal squamous cell, small and round, dense blue-green cytoplasm, large "
    "round nucleus with fine chromatin",
    "Superficial-Intermediate": "one superficial squamous cell, large flat polygonal thin pink "
    "cytoplasm, one small round dark nucleus in the middle",
}
BEFORE = "photomicrograph through a light microscope, Papanicolaou stain, cervical smear, "
AWAY = "cartoon, drawing, illustration, 3d render, glossy, text, watermark, many cells"


@dataclass(frozen=True)
class FluxPlace:
    """Where the large Flux lies, and what came with it."""

    base: Path | None
    controlnet: Path | None  # None where the base has one in itself, or none is here
    wanted: tuple[str, str]  # where base and ControlNet were looked for

    @property
    def whole(self) -> bool:
        """Whether all is here."""
        return self.base is not None and (self.controlnet is not None or _has_its_own(self.base))

    @property
    def lacks(self) -> str:
        """What is missing, how large it is, and how it is got."""
        gone = [
            f"{what} ({where})"
            for what, where, here in (
                ("FLUX.1", self.wanted[0], self.base is not None),
                ("its ControlNet", self.wanted[1], self.controlnet is not None),
            )
            if not here
        ]
        return (
            f"Missing: {' and '.join(gone)}. Both are {LARGE:g} GB and want a GPU. Where there is "
            f"a network and you accept their licences: `hf download {self.wanted[0]}` and "
            f"`hf download {self.wanted[1]}`, or set CERVIX_FLUX and CERVIX_FLUX_CONTROLNET to "
            "their folders."
        )

    @property
    def licence(self) -> str:
        """The licence that came with the files, or what is known of it."""
        for folder in (self.base, self.controlnet):
            for name in LICENCES if folder else ():
                path = Path(str(folder), name)
                if path.is_file():
                    return path.read_text(encoding="utf-8", errors="replace")
        return LICENCE

    def gigabytes(self) -> dict[str, float]:
        """How large the weights of each part are."""
        found = {}
        for part in PARTS:
            folder = Path(str(self.base), part)
            if part == "controlnet" and self.controlnet is not None:
                folder = self.controlnet
            found[part] = sum(each.stat().st_size for each in folder.glob("*.safetensors")) / 1e9
        return found


def find_flux(settings: Settings) -> FluxPlace:
    """Where base and ControlNet are, in the folders or hub names of the settings or their usual
    ones; only what is on this machine is looked at."""
    wanted = settings.flux or BASE, settings.flux_controlnet or CONTROLNET
    base, controlnet = (_folder(each) for each in wanted)
    return FluxPlace(base, controlnet, wanted)


def placement(
    parts: Mapping[str, float], gpu: float | None, memory: float, *, quantises: bool
) -> Placement:
    """Where parts of so many gigabytes are to work: `gpu` are those of the GPU, None without one,
    `memory` those of the machine; `quantises` says whether weights can be brought to fewer bits.

    Raises CapacityError, with the figures, where they fit nowhere.
    """
    whole, largest = sum(parts.values()), max(parts.values())
    if gpu is None:
        if whole + ROOM <= memory:
            return "processor"
        raise CapacityError(
            f"The weights are {whole:.1f} GB, and there is no GPU; this machine has {memory:.1f} "
            f"GB of memory where {whole + ROOM:.1f} were expected. Use cellflux, or a larger "
            "machine."
        )
    choices: list[tuple[Placement, float, float]] = [
        ("gpu", whole, 0.0),
        ("offload", largest, whole),
        ("eight_bits", largest / 2, whole / 2),
        ("four_bits", largest / 4, whole / 4),
        ("piecewise", 0.0, whole),
    ]
    for name, there, here in choices:
        needs_quantising = name in ("eight_bits", "four_bits")
        if there + ROOM <= gpu and here <= memory and (quantises or not needs_quantising):
            return name
    raise CapacityError(
        f"The weights are {whole:.1f} GB, their largest part {largest:.1f}; the GPU has {gpu:.1f} "
        f"GB and the machine {memory:.1f} GB of memory, which is too little for them even piece by "
        "piece. Install bitsandbytes to bring them to 4 bits, or use cellflux."
    )


def open_flux(settings: Settings) -> SteeredMaker:
    """The large Flux as a pipeline. Raises WeightsError where it is not here, CapacityError where
    it does not fit."""
    import torch
    from diffusers import FluxControlNetModel, FluxControlNetPipeline

    from cervix_models.steering import SteeredMaker

    place = find_flux(settings)
    if not place.whole:
        raise WeightsError(place.lacks)
    parts = place.gigabytes()
    gpu = torch.cuda.mem_get_info()[0] / 1e9 if torch.cuda.is_available() else None
    how = placement(parts, gpu, _memory(), quantises=find_spec("bitsandbytes") is not None)
    small = gpu is None and sum(parts.values()) < SMALL
    given: dict[str, Any] = {
        "dtype": torch.float32 if small else torch.bfloat16,
        "local_files_only": True,
        "use_safetensors": True,
    }
    try:
        if place.controlnet is not None:
            network = FluxControlNetModel.from_pretrained(place.controlnet, **given)
            given["controlnet"] = network
        pipeline = FluxControlNetPipeline.from_pretrained(place.base, **given, **_fewer_bits(how))
    except (OSError, ValueError, KeyError) as problem:
        raise WeightsError(
            f"{place.base} could not be opened as a Flux pipeline ({problem}). Expected the layout "
            "of diffusers, with model_index.json. Get it again."
        ) from problem
    if how == "gpu":
        pipeline.to("cuda")
    elif how == "piecewise":
        pipeline.enable_sequential_cpu_offload()
    elif how != "processor":
        pipeline.enable_model_cpu_offload()
    side = min(SIDE, pipeline.default_sample_size * pipeline.vae_scale_factor)
    return SteeredMaker(pipeline, by_words, CLASS_NAMES, side, outlines=False)


def by_words(wish: Wish, noise: Batch) -> dict[str, Any]:
    """What the large Flux is told of a wish; see steering.Prompts."""
    return {
        "prompt": [BEFORE + LOOKS[wish.label]] * len(noise),
        "negative_prompt": [AWAY] * len(noise),
        "true_cfg_scale": wish.guidance,
        "guidance_scale": DISTILLED,
    }


def _fewer_bits(how: Placement) -> dict[str, Any]:
    if how not in ("eight_bits", "four_bits"):
        return {}
    from diffusers import PipelineQuantizationConfig

    bits = {"load_in_8bit": True} if how == "eight_bits" else {"load_in_4bit": True}
    return {
        "quantization_config": PipelineQuantizationConfig(
            quant_backend="bitsandbytes_8bit" if how == "eight_bits" else "bitsandbytes_4bit",
            quant_kwargs=bits,
            components_to_quantize=["transformer", "text_encoder_2"],
        )
    }


def _folder(place: str) -> Path | None:
    """The folder of this name, or of this model in the hub's cache; None where there is none."""
    if Path(place).is_dir():
        return Path(place)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(place, local_files_only=True))  # nosec B615 nothing is fetched
    except (LocalEntryNotFoundError, HFValidationError):
        return None


def _has_its_own(base: Path) -> bool:
    return (base / "controlnet" / "config.json").is_file()


def _memory() -> float:
    """Gigabytes of memory of this machine."""
    import psutil

    return float(psutil.virtual_memory().total / 1e9)
