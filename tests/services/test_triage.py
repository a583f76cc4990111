"""An upload becomes a stored reading, or nothing; readings get verdicts."""

from __future__ import annotations

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pictures

from cervix_models.contracts import Segmentation
from cervix_models.data.intake import take_cell_image
from cervix_models.data.samples import sample_cells
from cervix_models.errors import IntakeError, StorageError, VerdictError, WeightsError
from cervix_models.services import served
from cervix_models.services.defaults import CLASSIFIER, FINDER, SEGMENTER
from cervix_models.services.triage import Triage, open_triage
from cervix_models.storage import open_store
from tests.fakes import drawn_cell, png


def _stored(triage: Triage) -> list[str]:
    return [path.name for path in triage.settings.blobs.rglob("*") if path.is_file()]


def _grey(content: bytes) -> np.ndarray:
    with Pictures.open(io.BytesIO(content)) as picture:
        assert picture.mode == "L"
        return np.asarray(picture)


def test_a_reading_is_stored_with_its_pictures(triage, reader) -> None:
    upload = png(drawn_cell(130))
    reading = triage.read(upload, "cell.png", micrometres_per_pixel=0.2)
    row = triage.reading(reading.id)
    assert row.reading == reading
    assert row.verdict is None
    assert triage.worklist()[0].reading == reading
    assert triage.count() == 1
    finding = reader.read(drawn_cell(130))
    assert (reading.decision, reading.label) == (finding.decision, finding.label)
    assert reading.probabilities == pytest.approx(dict(finding.classification.probabilities))
    assert (reading.width, reading.height, reading.micrometres_per_pixel) == (130, 130, 0.2)
    assert reading.models == reader.models
    kept = take_cell_image(upload, "cell.png")
    assert triage.blob(reading.image_sha256) == kept.png
    labels = _grey(triage.blob(reading.mask_sha256))
    np.testing.assert_array_equal(labels, finding.segmentation.labels())
    np.testing.assert_array_equal(Segmentation.from_labels(labels).cell, finding.segmentation.cell)
    heat = _grey(triage.blob(reading.heat_sha256))
    np.testing.assert_allclose(heat / 255, finding.heat, atol=1 / 254)
    assert len(_stored(triage)) == 3


def test_the_scale_is_the_given_one_else_the_files(triage) -> None:
    out = io.BytesIO()
    Pictures.fromarray(drawn_cell(130)).save(out, "PNG", dpi=(50_800, 50_800))
    upload = out.getvalue()
    assert triage.read(upload, "a.png").micrometres_per_pixel == pytest.approx(0.5, rel=1e-3)
    assert triage.read(upload, "a.png", micrometres_per_pixel=0.2).micrometres_per_pixel == 0.2


def test_a_referred_picture_is_stored_without_heat(triage) -> None:
    reading = triage.read(png(np.full((90, 90, 3), 250, np.uint8)), "blank.png")
    assert (reading.decision, reading.label, reading.heat, reading.heat_sha256) == (
        "refer", None, None, None,
    )  # fmt: skip
    assert reading.reasons
    assert reading.probabilities == {}
    assert triage.reading(reading.id).reading == reading


@pytest.mark.parametrize(
    ("upload", "name", "sentence"),
    [
        (b"", "a.png", "a.png"),
        (b"no picture at all", "a.png", "a.png"),
        (png(drawn_cell())[:900], "cut.png", "cut.png"),
    ],
)
def test_a_refused_upload_stores_nothing(triage, upload, name, sentence) -> None:
    with pytest.raises(IntakeError, match=sentence):
        triage.read(upload, name)
    assert triage.count() == 0
    assert _stored(triage) == []


@pytest.mark.parametrize("scale", [0.0, 0.001, 11.0, -1.0, float("nan")])
def test_a_scale_no_microscope_has_is_refused(triage, scale) -> None:
    with pytest.raises(IntakeError, match=r"micrometres a pixel; 0\.01 to 10 was expected"):
        triage.read(png(drawn_cell()), "cell.png", micrometres_per_pixel=scale)
    assert triage.count() == 0
    assert _stored(triage) == []


def test_a_generated_cell_is_read_only_as_a_sample(triage) -> None:
    cell = sample_cells()[0][2]
    with pytest.raises(IntakeError, match=r"made\.png carries the mark of a generated picture"):
        triage.read(cell, "made.png")
    assert triage.count() == 0
    assert _stored(triage) == []
    reading = triage.read(cell, "made.png", sample=True)
    assert reading.sample
    assert triage.reading(reading.id).reading.sample
    assert not triage.read(png(drawn_cell()), "photograph.png", sample=True).sample


def test_verdicts_are_added_and_the_newest_counts(triage) -> None:
    reading = triage.read(png(drawn_cell()), "cell.png")
    triage.give_verdict(reading.id, "agree", None, "  clear  ", "A")
    triage.give_verdict(reading.id, "correct", "Metaplastic", "", "B")
    assert [each.remark for each in triage.verdicts(reading.id)] == ["clear", ""]
    newest = triage.reading(reading.id).verdict
    assert (newest.kind, newest.label, newest.author) == ("correct", "Metaplastic", "B")
    assert newest.created_at.utcoffset().total_seconds() == 0


def test_an_incomplete_verdict_is_refused(triage) -> None:
    reading = triage.read(png(drawn_cell()), "cell.png")
    with pytest.raises(VerdictError):
        triage.give_verdict(reading.id, "correct", None, "", "A")
    with pytest.raises(StorageError):
        triage.give_verdict("nobody", "agree", None, "", "A")
    assert triage.verdicts(reading.id) == []


def test_the_newest_reading_comes_first(triage) -> None:
    ids = [triage.read(png(drawn_cell(seed=n)), f"{n}.png").id for n in range(3)]
    assert [row.reading.id for row in triage.worklist()] == ids[::-1]
    assert triage.neighbours(ids[1]) == (ids[2], ids[0])
    assert [row.reading.id for row in triage.worklist(limit=1, offset=1)] == [ids[1]]


def test_models_are_loaded_once_however_many_ask(settings, monkeypatch) -> None:
    loaded = []

    class Slow:
        def __init__(self, given, defaults) -> None:
            self.defaults = defaults
            loaded.append((given, threading.get_ident()))
            time.sleep(0.1)

    monkeypatch.setattr(served, "Reader", Slow)
    store = open_store(settings)
    triage = Triage(store, settings)
    start = threading.Barrier(8)

    def ask(_number: int) -> object:
        start.wait()
        return triage.reader()

    with ThreadPoolExecutor(8) as pool:
        readers = list(pool.map(ask, range(8)))
    store.close()
    assert len(loaded) == 1
    assert loaded[0][0] is settings
    assert len(set(map(id, readers))) == 1


def test_many_threads_read_alike(triage) -> None:
    uploads = [(png(drawn_cell(100 + 10 * n, n)), f"{n}.png") for n in range(6)]
    one_by_one = [triage.read(*each) for each in uploads]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda each: triage.read(*each), uploads))
    for first, second in zip(one_by_one, together, strict=True):
        assert first.label == second.label
        assert first.probabilities == pytest.approx(second.probabilities, abs=1e-5)
        assert (first.mask_sha256, first.heat_sha256) == (second.mask_sha256, second.heat_sha256)
    assert triage.count() == 12


def test_without_weights_the_sentence_says_how_to_get_them(settings, tmp_path) -> None:
    bare = replace(settings, weights=tmp_path / "none")
    store = open_store(bare)
    with pytest.raises(WeightsError, match=f"train {SEGMENTER}"):
        Triage(store, bare).read(png(drawn_cell()), "cell.png")
    assert store.count() == 0
    assert Triage(store, bare).cards() == []
    store.close()


def test_the_cards_there_are(triage) -> None:
    assert {card.name for card in triage.cards()} == {CLASSIFIER, FINDER, SEGMENTER}


def test_opening_the_service_loads_no_model() -> None:
    triage = open_triage()
    assert triage._reader is None
    assert triage.worklist(limit=1) == []
    triage.store.close()


def test_models_are_loaded_in_the_background(settings) -> None:
    store = open_store(settings)
    triage = Triage(store, settings)
    triage.warm_up()
    first = triage._warming
    triage.warm_up()
    assert triage._warming is first
    first.join(60)
    assert triage._reader is not None
    assert triage.reader() is triage._reader
    store.close()


def test_weights_that_are_missing_are_said_by_the_first_reading(settings, tmp_path, caplog) -> None:
    store = open_store(settings)
    triage = Triage(store, replace(settings, weights=tmp_path / "none"))
    triage.warm_up()
    triage._warming.join(60)
    assert "The models cannot be loaded: No weights of" in caplog.text
    with pytest.raises(WeightsError, match="No weights of"):
        triage.read(png(drawn_cell(100)), "cell.png")
    assert triage.count() == 0
    store.close()


def _smaller(labels: np.ndarray) -> np.ndarray:
    """The outlines with half of the nucleus given to the cytoplasm."""
    out = labels.copy()
    rows = np.flatnonzero((labels == 2).any(1))
    upper = out[: rows[len(rows) // 2]]
    upper[upper == 2] = 1
    return out


def test_corrected_outlines_are_measured_asked_again_and_kept(triage) -> None:
    reading = triage.read(png(drawn_cell(130)), "cell.png")
    before = triage.labels(reading)
    revision = triage.revise(reading.id, _smaller(before), "painted", "A. Reader")
    row = triage.reading(reading.id)
    assert row.revision == revision == triage.revisions(reading.id)[-1]
    assert row.reading == reading  # the first answer stays
    np.testing.assert_array_equal(triage.labels(row.current), _smaller(before))
    assert row.current.features["nucleus_area"] == (_smaller(before) == 2).sum()
    assert row.current.features["nucleus_area"] < reading.features["nucleus_area"]
    shares = revision.heat
    assert shares.nucleus < reading.heat.nucleus
    assert shares.nucleus + shares.cytoplasm + shares.background == pytest.approx(1)
    assert set(revision.probabilities) == set(reading.probabilities)
    triage.revise(reading.id, before, "segmenter", "B. Reader")
    row = triage.reading(reading.id)
    assert [each.origin for each in triage.revisions(reading.id)] == ["painted", "segmenter"]
    assert row.current.mask_sha256 == reading.mask_sha256
    assert row.current.features == pytest.approx(reading.features)


def test_a_picture_that_was_refused_can_be_outlined_by_hand(triage) -> None:
    reading = triage.read(png(np.full((90, 90, 3), 250, np.uint8)), "empty.png")
    assert reading.features == {}
    labels = np.zeros((90, 90), np.uint8)
    labels[20:70, 20:70], labels[40:50, 40:50] = 1, 2
    revision = triage.revise(reading.id, labels, "painted", "A. Reader")
    assert revision.features["nucleus_area"] == 100
    assert (revision.decision, revision.heat) == ("refer", None)


def test_a_classifier_that_is_gone_gives_way_to_the_default(triage) -> None:
    reading = triage.read(png(drawn_cell(130)), "cell.png")
    gone = replace(reading, id="other", models=(replace(reading.models[0], name="gone"),))
    triage.store.add_reading(gone)
    revision = triage.revise("other", triage.labels(reading), "painted", "A. Reader")
    assert revision.probabilities == pytest.approx(reading.probabilities)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda labels: labels[:50], r"The outlines are \(50, 130\) .*; \(130, 130\) of 0"),
        (lambda labels: labels * 2, "with the values .*4"),
        (lambda labels: np.minimum(labels, 1), "The outlines have no nucleus; one cell"),
        (lambda labels: labels * 0, "no nucleus and no cytoplasm"),
    ],
)
def test_outlines_that_cannot_be_are_refused(triage, change, sentence) -> None:
    reading = triage.read(png(drawn_cell(130)), "cell.png")
    kept = _stored(triage)
    with pytest.raises(IntakeError, match=sentence):
        triage.revise(reading.id, change(triage.labels(reading)), "painted", "A. Reader")
    assert triage.revisions(reading.id) == []
    assert _stored(triage) == kept


def test_outlines_come_from_the_file_of_another_program(triage) -> None:
    reading = triage.read(png(drawn_cell(130)), "cell.png")
    labels = _smaller(triage.labels(reading))
    found = triage.outlines_from(reading, png(labels), "C:\\masks\\a.png")
    np.testing.assert_array_equal(found, labels)
    with pytest.raises(IntakeError, match=r"^a\.png is 130 x 50"):
        triage.outlines_from(reading, png(labels[:50]), "C:\\masks\\a.png")
