"""Found and annotated nuclei: paired once each, counted, and kept without pickles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cervix_models.evaluation.finding import (
    FoundField,
    best_threshold,
    finding_figures,
    kept_fields,
    matched,
    stored_fields,
)


def test_each_nucleus_is_paired_once_and_with_the_nearest() -> None:
    found = np.array([[10.0, 10], [14, 10], [100, 100]])
    truth = np.array([[13.0, 10], [200, 200]])
    assert matched(found, truth).tolist() == [-1, 0, -1]
    assert matched(found, truth, within=2.0).tolist() == [-1, 0, -1]
    assert matched(found, truth, within=0.5).tolist() == [-1, -1, -1]
    assert matched(found, np.empty((0, 2))).tolist() == [-1, -1, -1]


def test_as_many_pairs_are_made_as_there_can_be() -> None:
    found = np.array([[0.0, 0], [10, 0]])
    truth = np.array([[8.0, 0], [18, 0]])
    assert matched(found, truth).tolist() == [0, 1]


def _fields() -> list[FoundField]:
    """Ten fields of four nuclei: three found surely, one false object that is less sure."""
    truth = np.array([[20.0, 20], [60, 20], [20, 60], [60, 60]])
    found = np.array([[21, 20, 0.9], [60, 22, 0.8], [20, 60, 0.7], [150, 150, 0.3]])
    labels = ("LSIL", "LSIL", "HSIL", "HSIL")
    return [FoundField(found, truth, labels, at % 5, f"{at:064x}") for at in range(10)]


def test_the_threshold_finds_most_with_few_false_ones() -> None:
    assert best_threshold(_fields()) == 0.1  # one false object for three true ones is allowed
    crowded = [
        replace(each, found=np.vstack([each.found, [[90, 90, 0.35], [120, 90, 0.32]]]))
        for each in _fields()
    ]
    assert best_threshold(crowded) == 0.33  # one for three again, no longer three
    hopeless = [replace(each, found=each.found[3:]) for each in _fields()]
    assert best_threshold(hopeless) == 0.1


def test_a_nucleus_annotated_at_its_rim_is_found_within_the_wider_distance() -> None:
    moved = np.array([[15.0, 0], [2, 0], [0, 3], [0, 0]])
    fields = [replace(each, truth=each.truth + moved) for each in _fields()]
    figures = finding_figures(fields)
    assert figures["recall"]["value"] == 0.5
    assert figures["wider"]["within_pixels"] == 20.0
    assert figures["wider"]["recall"]["value"] == 0.75
    assert figures["wider"]["false_for_each_true"]["value"] == 0.0
    assert figures["apart_pixels"]["median"] == pytest.approx(3.0)
    assert 3 < figures["apart_pixels"]["ninth_decile"] <= 14


def test_figures_tell_recall_and_false_objects_with_intervals() -> None:
    figures = finding_figures(_fields())
    assert (figures["fields"], figures["nuclei"]) == (10, 40)
    assert figures["recall"] == {"value": 0.75, "low": 0.75, "high": 0.75}
    assert figures["false_for_each_true"]["value"] == pytest.approx(1 / 3)
    assert figures["labels"]["HSIL"] == {"nuclei": 20, "recall": 0.5}
    at_most = next(row for row in figures["threshold_curve"] if row["threshold"] == 0.1)
    assert at_most["false_for_each_true"] == pytest.approx(1 / 3, abs=1e-3)


def test_fields_are_kept_as_plain_arrays(tmp_path) -> None:
    given = [*_fields(), FoundField(np.empty((0, 3)), np.array([[1.0, 2]]), ("SCC",), 0, "ab" * 32)]
    np.savez(tmp_path / "kept.npz", allow_pickle=False, **stored_fields(given))
    with np.load(tmp_path / "kept.npz", allow_pickle=False) as stored:
        again = kept_fields(stored)
    assert len(again) == len(given)
    for one, other in zip(given, again, strict=True):
        np.testing.assert_allclose(one.found, other.found, rtol=1e-6)
        assert (one.labels, one.fold, one.sha256) == (other.labels, other.fold, other.sha256)
