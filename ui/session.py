"""The parts of the system that all sessions share, each in the hands of who is here."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, TypeVar

import streamlit as st
from PIL import Image as Pictures

from cervix_models.contracts import Reading
from cervix_models.data.pictures import pixels_of
from cervix_models.errors import StorageError
from cervix_models.people import Person, Role, bound
from cervix_models.services.care import Care
from cervix_models.services.fields import Fields
from cervix_models.services.generation import GeneratorRow, TranslatorRow
from cervix_models.services.generation import generator_rows as makers
from cervix_models.services.generation import other_makers as others
from cervix_models.services.generation import translator_rows as turners
from cervix_models.services.models import ModelRow, SegmenterRow, rows
from cervix_models.services.models import film_of as film_file
from cervix_models.services.models import segmenter_rows as outliners
from cervix_models.services.slides import Slides
from cervix_models.services.triage import Triage, open_triage
from cervix_models.settings import ROOT
from ui import identity, pictures

if TYPE_CHECKING:
    from cervix_models.services.atlas import Atlas
    from cervix_models.services.compare import Drawing, Opinion
    from cervix_models.services.composing import MadeField
    from cervix_models.services.dataset import DataSet
    from cervix_models.services.imported import DealtCell
    from cervix_models.services.real_or_fake import RealOrFake
    from cervix_models.services.steering import Steering
    from cervix_models.services.synthesis import MadeCell, Synthesis
    from cervix_models.services.turning import Turned, Turning

Service = TypeVar("Service")


def current_user() -> Person:
    """The person at this session."""
    return identity.person()


def require_role(role: Role) -> Person:
    """The person at this session, who has the role; for anyone else the page stops with a sentence.
    The first statement of every page."""
    user = current_user()
    if not user.has(role):
        st.error(f"This page is for the role “{role}”. Ask an administrator for it.")
        st.stop()
    return user


def in_hands(service: Service) -> Service:
    """The service in the hands of the person at this session: it runs as they, and refuses what
    their roles do not allow."""
    return bound(service, current_user())


@st.cache_resource(show_spinner=False)
def shared_triage() -> Triage:
    """The triage service, one a process; its models load with the first reading.
    Raises StorageError where the store cannot be opened."""
    return open_triage()


def triage() -> Triage:
    """The triage service, for a page: where its store cannot be opened, the page stops with the
    reason."""
    try:
        return in_hands(shared_triage())
    except StorageError as problem:
        st.error(str(problem))
        st.stop()


@st.cache_resource(show_spinner=False)
def shared_fields() -> Fields:
    """The service of whole fields, one a process; its models load with the first field.
    Raises StorageError where the store cannot be opened."""
    return Fields(shared_triage())


def fields() -> Fields:
    """The service of whole fields, for a page: it stops with the reason as `triage` does."""
    triage()
    return in_hands(shared_fields())


@st.cache_resource(show_spinner=False)
def shared_slides() -> Slides:
    """The service of slides, one a process. Raises StorageError where the store cannot be
    opened."""
    return Slides(shared_fields())


def slides() -> Slides:
    """The service of slides, for a page: it stops with the reason as `triage` does."""
    triage()
    return in_hands(shared_slides())


@st.cache_resource(show_spinner=False)
def shared_synthesis() -> Synthesis:
    """The service of made cells, one a process; its generators load with the first cell."""
    from cervix_models.services.synthesis import Synthesis

    return Synthesis(shared_triage().settings)


def synthesis() -> Synthesis:
    """The service of made cells, for a page: it stops with the reason as `triage` does."""
    triage()
    return in_hands(shared_synthesis())


@st.cache_resource(show_spinner=False)
def shared_steering() -> Steering:
    """The service of steered cells, one a process; its generators load with the first cell."""
    from cervix_models.services.steering import Steering

    return Steering(shared_triage())


def steering() -> Steering:
    """The service of steered cells, for a page: it stops with the reason as `triage` does."""
    triage()
    return in_hands(shared_steering())


@st.cache_resource(show_spinner=False)
def shared_turning() -> Turning:
    """The service of turned cells, one a process; its translators load with the first cell."""
    from cervix_models.services.turning import Turning

    return Turning(shared_triage())


def turning() -> Turning:
    """The service of turned cells, for a page: it stops with the reason as `triage` does."""
    triage()
    return in_hands(shared_turning())


@st.cache_resource(show_spinner=False, max_entries=50)
def turned(
    name: str, content: bytes, filename: str, label: str, back: str, *, sample: bool
) -> Turned:
    """A cell turned into one of another class. Raises IntakeError, WeightsError and DataError."""
    return in_hands(shared_turning()).turn(name, content, filename, label, back, sample=sample)


@st.cache_resource(show_spinner=False, max_entries=50)
def imported_cell(label: str, number: int) -> bytes | None:
    """The image file of one imported cell of a class, or None where there is none."""
    from cervix_models.services.imported import cell_of  # brings SciPy and scikit-learn

    return cell_of(triage().settings, label, number)


@st.cache_resource(show_spinner=False)
def shared_real_or_fake() -> RealOrFake:
    """The service of rounds of real and made cells, one a process."""
    from cervix_models.services.real_or_fake import RealOrFake

    return RealOrFake(shared_triage().store, shared_synthesis())


def real_or_fake() -> RealOrFake:
    """The service of rounds, for a page: it stops with the reason as `triage` does."""
    triage()
    return in_hands(shared_real_or_fake())


@st.cache_resource(show_spinner=False)
def shared_dataset() -> DataSet:
    """What is known of the SIPaKMeD cells, one a process; tables are read when they are asked
    for."""
    from cervix_models.services.dataset import DataSet

    return DataSet(shared_triage().settings)


def dataset() -> DataSet:
    """What is known of the SIPaKMeD cells, for a page: it stops with the reason as `triage`
    does."""
    triage()
    return in_hands(shared_dataset())


def care() -> Care:
    """The service of the care page's reviews, for a page: it stops with the reason as `triage`
    does."""
    return in_hands(Care(triage().store))


@st.cache_resource(show_spinner=False)
def shared_atlas() -> Atlas:
    """The service of the atlas, one a process; what it reads comes with the first question."""
    from cervix_models.services.atlas import Atlas

    return Atlas(shared_triage().settings)


def atlas() -> Atlas:
    """The service of the atlas, for a page: it stops with the reason as `triage` does."""
    triage()
    return in_hands(shared_atlas())


@st.cache_resource(show_spinner=False, ttl=600)
def atlas_pictures() -> dict[str, bytes]:
    """The image files of the atlas's examples, by hash, of those that are imported here. Raises
    DataError."""
    return in_hands(shared_atlas()).pictures()


@st.cache_resource(show_spinner=False, max_entries=200)
def made_cells(name: str, label: str, count: int, seed: int, temperature: float) -> list[MadeCell]:
    """Cells of a class by a generator, made once. Raises WeightsError and DataError."""
    return in_hands(shared_synthesis()).make(name, label, count, seed=seed, temperature=temperature)


def archive_of(made: list[MadeCell]) -> bytes:
    """A ZIP of made cells with their manifest."""
    from cervix_models.services.synthesis import archive

    return archive(made)


def archive_of_field(made: MadeField) -> bytes:
    """A ZIP of a composed field with what is known of it."""
    from cervix_models.services.composing import archive_of_field

    return archive_of_field(made)


@st.cache_resource(show_spinner=False, max_entries=50)
def walk(
    name: str, start: tuple[str, int, int], end: tuple[str, int, int], steps: int
) -> tuple[list[bytes], bytes]:
    """The cells on the way from one class, seed and number to another, and a film of them.
    Raises WeightsError and DataError."""
    from cervix_models.services.synthesis import Spot, film

    found = in_hands(shared_synthesis()).walk(name, Spot(*start), Spot(*end), steps)
    return found, film(found)


@st.cache_resource(show_spinner=False, ttl=60)
def model_rows() -> list[ModelRow]:
    """Every measured classifier, the most accurate first. Raises WeightsError."""
    return rows(triage().settings)


@st.cache_resource(show_spinner=False, ttl=60)
def segmenter_rows() -> list[SegmenterRow]:
    """Every measured segmenter, the best first. Raises WeightsError."""
    return outliners(triage().settings)


@st.cache_resource(show_spinner=False, ttl=60)
def generator_rows() -> list[GeneratorRow]:
    """Every measured generator, each behind the one that it improves. Raises WeightsError."""
    return makers(triage().settings)


@st.cache_resource(show_spinner=False, ttl=60)
def other_makers() -> list[str]:
    """What makes other images than cells of the five classes. Raises WeightsError."""
    return others(triage().settings)


@st.cache_resource(show_spinner=False, ttl=60)
def translator_rows() -> list[TranslatorRow]:
    """Every measured translator, by name. Raises WeightsError."""
    return turners(triage().settings)


@st.cache_resource(show_spinner=False, ttl=600, max_entries=5)
def real_cells(side: int, count: int) -> dict[str, list[bytes]]:
    """So many imported real cells of each class, scaled as generators saw them; or none."""
    from cervix_models.services.imported import real_cells  # brings SciPy and scikit-learn

    return real_cells(triage().settings, side, count)


@st.cache_resource(show_spinner=False)
def samples() -> list[tuple[str, str, bytes]]:
    """The built-in synthetic cells as (name, class it is drawn after, PNG)."""
    from cervix_models.data.samples import sample_cells  # brings SciPy, which no first page needs

    return sample_cells()


@st.cache_resource(show_spinner=False)
def sample_field() -> bytes:
    """The PNG of the built-in drawn field."""
    from cervix_models.data.sample_field import sample_field  # brings SciPy

    return sample_field()


def opinions(reading: Reading, names: tuple[str, ...]) -> list[Opinion]:
    """What each named classifier says of a reading, asked once a session and choice of models.
    Raises WeightsError and StorageError."""
    kept: dict[tuple[str, str], Opinion] = st.session_state.setdefault("opinions", {})
    lacking = [name for name in names if (reading.id, name) not in kept]
    for opinion in triage().opinions(reading, lacking):
        kept[reading.id, opinion.name] = opinion
    return [kept[reading.id, name] for name in names]


def drawings(reading: Reading) -> list[Drawing]:
    """What each segmenter that is here draws of a reading's picture, asked once a session.
    Raises WeightsError and StorageError."""
    kept: dict[str, list[Drawing]] = st.session_state.setdefault("drawings", {})
    if reading.id not in kept:
        kept[reading.id] = triage().drawings(reading)
    return kept[reading.id]


@st.cache_resource(show_spinner=False, ttl=600)
def dealt_cluster() -> tuple[str, list[DealtCell]] | None:
    """One imported cluster as a random split deals its cells out, or None where none is here."""
    from cervix_models.services.imported import dealt_cluster  # brings SciPy and scikit-learn

    return dealt_cluster(triage().settings)


@st.cache_resource(show_spinner=False, ttl=600, max_entries=50)
def cell_pictures(sha256: tuple[str, ...]) -> dict[str, bytes]:
    """The image files of these cells, by hash, of those that are imported here."""
    from cervix_models.services.imported import cell_pictures  # brings SciPy and scikit-learn

    return cell_pictures(triage().settings, sha256)


@st.cache_resource(show_spinner=False, max_entries=500)
def outlined(image_sha256: str, mask_sha256: str | None) -> bytes:
    """A stored picture with its outlines over it, as PNG. Raises StorageError."""
    image = shared_triage().blob(image_sha256)
    if mask_sha256 is None:
        return image
    return pictures.mask_over(image, pixels_of(shared_triage().blob(mask_sha256), "L"))


@st.cache_resource(show_spinner=False, max_entries=200)
def thumbnail(sha256: str, side: int) -> bytes:
    """A stored picture, at most `side` pixels wide and high, as JPEG. Raises StorageError."""
    out = io.BytesIO()
    with Pictures.open(io.BytesIO(shared_triage().blob(sha256))) as opened:
        small = opened.convert("RGB")
        small.thumbnail((side, side))
        small.save(out, "JPEG", quality=88)
    return out.getvalue()


def film_of(name: str) -> bytes | None:
    """The film of how a model learned, where there is one."""
    return film_file(name, triage().settings.shelf(name), ROOT / "runs")


def film_url(content: bytes) -> str:
    """A film as an address that holds it."""
    return "data:image/webp;base64," + base64.b64encode(content).decode()


def image_url(content: bytes) -> str:
    """An image file of any kind that browsers show, as an address that holds it, or a PNG of it."""
    kind = "jpeg" if content.startswith(b"\xff\xd8") else "png"
    if kind == "png" and not content.startswith(b"\x89PNG"):
        out = io.BytesIO()
        with Pictures.open(io.BytesIO(content)) as opened:
            opened.convert("RGB").save(out, "PNG")
        content = out.getvalue()
    return f"data:image/{kind};base64," + base64.b64encode(content).decode()
