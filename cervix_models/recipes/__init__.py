"""Recipes: all that makes one trained model, as TOML files beside this module."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from cervix_models.data.augmentation import Augmentation
from cervix_models.data.bounds import (
    Count,
    CountOrNone,
    Folds,
    Part,
    Pixels,
    Rate,
    Seed,
    Views,
    Weight,
    bounds_of,
)
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import RecipeError

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Optimiser:
    """AdamW or Adam with its schedule; polynomial: (1 - epoch / epochs)^0.9."""

    name: Literal["adamw", "adam"] = "adamw"
    schedule: Literal["one_cycle", "plateau", "polynomial", "constant"] = "one_cycle"
    learning_rate: Rate = 1e-3
    weight_decay: Part = 0.05
    epochs: Count = 12
    batch_size: Count = 48
    warm_up: Part = 0.15  # part of the steps, for one_cycle
    clip_norm: Weight = 5.0
    patience: CountOrNone = 0  # epochs without improvement before stopping; 0: never early
    ema_decay: Part = 0.0  # 0: no moving average of the weights
    # Of a plateau: what the rate is multiplied by, after so many epochs; default 0.5 after 5.
    plateau_factor: Part | None = None
    plateau_patience: CountOrNone | None = None


@dataclass(frozen=True)
class Loss:
    """What is minimised; fields of the other kind of model are not looked at."""

    label_smoothing: Part = 0.0
    mixup: Weight = 0.0  # alpha of the beta distribution (Zhang et al., ICLR 2018); 0: none
    dice: Weight = 1.0
    cross_entropy: Weight = 1.0
    box: Weight = 0.0  # projection loss of cells known by their box alone
    consistency: Weight = 0.0  # agreement of nuclei under augmentation, where no mask is known


@dataclass(frozen=True)
class Kernel:
    """A support vector machine on a trunk that stays as it is, instead of gradient descent."""

    views: Views = 8  # flips and quarter turns that each cell is shown in, 1 to 8; 1 for features
    components: Count = (
        200  # principal components of the trunk's statistics; of features: all, none
    )
    penalty: Weight = 3.0  # C of the machine
    width: Weight = 0.5  # gamma of its kernel times the number of components


@dataclass(frozen=True)
class Perceptron:
    """A multilayer perceptron on features, as scikit-learn trains it."""

    learning_rate: Rate = 1e-3
    penalty: Weight = 1.0  # L2
    epochs: Count = 200


@dataclass(frozen=True)
class Contrast:
    """Learning without classes, by telling pictures apart: the recipe makes an encoder."""

    temperature: Weight = 0.2
    projection: Count = 128  # numbers a picture is told apart by


@dataclass(frozen=True)
class Adversarial:
    """A generator that learns against a critic; the optimiser's rate is the generator's."""

    loss: Literal["cross_entropy", "hinge"] = "hinge"
    critic_rate: Rate = 2e-4
    momentum: Part = 0.0  # the first beta of both
    # What the critic sees of real and made cells is disturbed alike (Zhao et al., NeurIPS 2020).
    disturbed: bool = True
    turned: bool = True  # real cells are shown in their eight orientations
    colours: Weight = 0.0  # of the distance of the colours of made cells from real ones, by class
    epochs: Count | None = None  # of an autoencoder's decoder, once it has learned without a critic


@dataclass(frozen=True)
class Variational:
    """A generator that learns as the decoder of an autoencoder."""

    kl: Weight = 2e-5  # of the divergence in nats, against the mean squared error of a pixel
    warm_up: Part = 0.0  # part of the steps in which that weight rises from zero
    perceptual: Weight = 0.0  # of the mean squared error of VGG's features
    turned: bool = True  # cells are shown in their eight orientations


@dataclass(frozen=True)
class Flow:
    """What makes latents of noise, once the autoencoder that they are of has learned."""

    epochs: Count
    rate: Rate = 5e-4
    ema_decay: Part = 0.999
    unclassed: Part = 0.1  # part of the cells whose class and size it is not told, for guidance
    uncontrolled: Part = 0.5  # part of the cells whose outlines it is not told
    edges: Part = 0.25  # part of the others that it is told by Canny's edges


@dataclass(frozen=True)
class Lora:
    """A small addition to a Flux that stays as it is (Hu et al.: LoRA, ICLR 2022), by which it
    learns one more kind of cell: the recipe's one class, as its data set names it."""

    base: str  # the generator that is added to, or flux_controlnet
    like: str  # the class of the base that it is told of
    cells: Count = 50  # that are learned from, at most
    rank: Count = 8  # of what is added to each layer
    unclassed: Part = 0.1  # part of the steps in which it is not told the class, for guidance
    checkpointed: bool = True  # less memory, more time (Chen et al. 2016)


@dataclass(frozen=True)
class Cycle:
    """Two generators that turn cells of one domain into cells of another and back."""

    source: tuple[str, ...]  # classes of the first domain
    target: tuple[str, ...]  # of the second
    critic_rate: Rate = 2e-4
    cycle: Weight = 10.0  # of the way there and back
    identity: Weight = 5.0  # of cells that are of the wanted class already
    classes: Weight = 1.0  # of the classes that the critics' heads tell
    colours: Weight = 0.0  # of how far the colours of made cells of a class are from real ones
    labelled: Part = 0.5  # part of the cells whose class the heads are told


@dataclass(frozen=True)
class Recipe:
    """One trained model: which network, on which images, how; or which models' mean."""

    name: str
    version: str
    about: str  # one sentence for the card
    model: str = ""  # a registered network
    # Recipes whose probabilities are averaged, instead of a network. The first also says how far a
    # picture is from known cells. The rest is not looked at.
    members: tuple[str, ...] = ()
    enough: Part | None = None  # of an ensemble: a probability its first member answers alone from
    # By what their shares go: their accuracy, or one over their part of errors.
    shares: Literal["accuracy", "inverse_error"] | None = None
    images: tuple[str, ...] = ("sipakmed",)  # sources of the packed file
    classes: tuple[str, ...] = ()  # that a classifier tells apart; default: the five
    # "any": ImageNet weights where they are at hand, else our own encoder, else random ones.
    start: Literal["imagenet", "self_supervised", "any", "random"] = "imagenet"
    frozen: CountOrNone | None = None  # first blocks of a finder's trunk that stay as they start
    side: Pixels | None = None  # of the square input, pixels; default: as the network is registered
    # The segmenter whose outlines of held-out cells are the masks or the features of the cells.
    outlines: str | None = None
    scale_free: bool | None = None  # of features: those that are no length and no area
    against: tuple[str, ...] = ()  # recipes that the card compares this one with, cell by cell
    resize: Literal["squash"] = "squash"  # to a square: scale and aspect are not seen
    folds: Folds = 5
    seed: Seed = 0
    bits: int | None = None  # that the weights are kept in; default: half precision
    views: Views = 8  # test-time flips and quarter turns averaged over, 1 to 8
    optimiser: Optimiser = field(default_factory=Optimiser)
    augmentation: Augmentation = field(default_factory=Augmentation)
    loss: Loss = field(default_factory=Loss)
    # With one of these, optimiser, augmentation and loss are not looked at.
    kernel: Kernel | None = None
    perceptron: Perceptron | None = None
    contrast: Contrast | None = None  # with it, the loss is not looked at, and no fold is measured
    # Of a generator, one of these; with [variational] and another, an autoencoder's decoder learns
    # against a critic, or its latents are made of noise, once it has learned by itself.
    adversarial: Adversarial | None = None
    variational: Variational | None = None
    flow: Flow | None = None
    cycle: Cycle | None = None  # of what turns cells into others
    lora: Lora | None = None  # instead of a network or members: what is added to another

    @property
    def told_apart(self) -> tuple[str, ...]:
        """The classes that a classifier of this recipe tells apart, in their order."""
        return self.classes or CLASS_NAMES

    @property
    def watches(self) -> bool:
        """Whether the training is led by cells that it does not learn from."""
        return self.optimiser.patience > 0 or self.optimiser.schedule == "plateau"

    def as_dict(self) -> dict[str, Any]:
        """The recipe as plain data, for the card, without what it does not set."""
        return _set(asdict(self))


def _set(table: dict[str, Any]) -> dict[str, Any]:
    """A table without what is not set in it."""
    return {
        key: _set(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value not in (None, ())
    }


def list_recipes() -> list[str]:
    """The names of the recipes there are, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_recipe(name: str) -> Recipe:
    """The recipe of this name, or of this path to a TOML file. Raises RecipeError."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise RecipeError(
            f"No recipe is named {name!r}. There are {', '.join(list_recipes())}; "
            "give one of these, or the path of a .toml file."
        )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise RecipeError(
            f"{path.name} is not valid TOML ({problem}). Mend that line."
        ) from problem
    return recipe_of(table, path.name)


def recipe_of(table: Mapping[str, Any], where: str) -> Recipe:
    """The recipe that a table of settings makes; `where` is its name in errors.

    Raises RecipeError for settings that are none.
    """
    recipe: Recipe = _build(Recipe, table, where)
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", recipe.name):
        raise RecipeError(
            f"{where}: the name is {recipe.name!r}; letters, digits, -, _ and . were expected, as "
            "a folder is named by it. Choose another."
        )
    given = [each for each in (recipe.model, recipe.members, recipe.lora) if each]
    if len(given) != 1:
        raise RecipeError(
            f"{where} names {'more than one' if given else 'none'} of a network as model, recipes "
            "as members, and a generator that is added to as [lora]; one of these was expected. "
            f"{'Leave the others out' if given else 'Add one'}."
        )
    if recipe.bits is not None and not 2 <= recipe.bits <= 8:
        raise RecipeError(
            f"{where}: bits is {recipe.bits}; 2 to 8 was expected. Leave it out for weights in "
            "half precision."
        )
    return recipe


def _build(kind: Any, table: Any, where: str) -> Any:
    if not isinstance(table, Mapping):
        raise RecipeError(f"{where} is {table!r}; expected a table of settings.")
    hints = get_type_hints(kind, include_extras=True)
    unknown = sorted(set(table) - set(hints))
    if unknown:
        raise RecipeError(
            f"{where} sets {', '.join(unknown)}, which {kind.__name__} does not know. "
            f"Its settings are {', '.join(hints)}."
        )
    values = {key: _value(hints[key], value, f"{where}: {key}") for key, value in table.items()}
    missing = [each.name for each in fields(kind) if _required(each) and each.name not in values]
    if missing:
        raise RecipeError(f"{where} does not set {', '.join(missing)}. Add it.")
    return kind(**values)


def _required(each: Any) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _value(hint: Any, value: Any, where: str) -> Any:
    bounds = bounds_of(hint)
    if bounds is not None and type(value) in (int, float) and value not in bounds:
        raise RecipeError(
            f"{where} is {value}; {bounds.low:g} to {bounds.high:g} was expected. Set it to one of "
            "these."
        )
    return _typed(hint, value, where)


def _typed(hint: Any, value: Any, where: str) -> Any:
    if get_origin(hint) in (UnionType, Union):  # of a type or a literal with None
        hint = get_args(hint)[0]
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if is_dataclass(hint):
        return _build(hint, value, where)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise RecipeError(f"{where} is {value!r}; expected one of {get_args(hint)}.")
        return value
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple) or not all(type(each) is str for each in value):
            raise RecipeError(f"{where} is {value!r}; expected a list of texts.")
        return tuple(value)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise RecipeError(f"{where} is {value!r}; expected a value of type {hint.__name__}.")
    return value
