"""What people say of made and real cells: kept whole, never twice, and summed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cervix_models.contracts import Judgement, JudgementSum, Preference
from cervix_models.errors import JudgementError, StorageError
from cervix_models.storage import open_store
from tests.storage.samples import NOON

MADE = Judgement(NOON, "ann", "round-1", 1, "cgan", "a" * 64, "Parabasal", True, 4)
REAL = replace(MADE, number=2, generator=None, weights=None, said_made=False, quality=None)
PAIR = Preference(NOON, "ann", "pair-1", "Parabasal", "cgan", "a" * 64, "cvae", "b" * 64)


def test_judgements_survive_a_restart(settings) -> None:
    first = open_store(settings)
    first.judgements.add([REAL, MADE])
    first.judgements.add_preference(PAIR)
    first.close()
    again = open_store(settings)
    assert again.judgements.all(round_id="round-1") == [MADE, REAL]
    assert again.judgements.all(round_id="round-2") == []
    assert again.judgements.preferences() == {("cgan", "cvae"): 1}
    again.close()


def test_judgements_are_summed_by_round_and_generator_and_learner(store) -> None:
    later = [
        replace(MADE, round_id="round-0", created_at=NOON + timedelta(minutes=1), quality=2),
        replace(MADE, round_id="round-0", number=2, quality=5, said_made=False),
        replace(MADE, round_id="round-0", number=3, generator="cvae", quality=None),
    ]
    store.judgements.add([MADE, REAL])
    store.judgements.add(later)
    store.judgements.add([replace(REAL, learner="bob", round_id="round-3", said_made=True)])
    found = store.judgements.sums()
    assert [each.round_id for each in found] == ["round-1"] * 2 + ["round-0"] * 2 + ["round-3"]
    assert set(found[:2]) == {
        JudgementSum("ann", "round-1", None, 1, 0, 0, 0, 0),
        JudgementSum("ann", "round-1", "cgan", 1, 1, 1, 4, 16),
    }
    assert found[2:] == [
        JudgementSum("ann", "round-0", "cgan", 2, 1, 2, 7, 29),
        JudgementSum("ann", "round-0", "cvae", 1, 1, 0, 0, 0),
        JudgementSum("bob", "round-3", None, 1, 1, 0, 0, 0),
    ]
    assert store.judgements.sums(learner="bob") == found[4:]
    assert store.judgements.sums(learner="eve") == []


def test_a_picture_is_judged_once_and_a_batch_kept_whole_or_not_at_all(store) -> None:
    store.judgements.add([MADE])
    with pytest.raises(JudgementError, match="Picture 1 of this round was judged before"):
        store.judgements.add([REAL, MADE])
    with pytest.raises(JudgementError, match="Picture 3 of this round was judged before"):
        store.judgements.add([replace(REAL, number=3), replace(REAL, number=3)])
    assert store.judgements.all(round_id="round-1") == [MADE]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"quality": 6}, "quality given is 6; expected 1 .* Rate it again"),
        ({"quality": 0}, "quality given is 0"),
        ({"number": 0}, "has the number 0; expected 1 or more"),
        ({"weights": None}, "generator is 'cgan' and its weights are None; expected both"),
        ({"learner": ""}, "is empty or holds a character"),
        ({"learner": "a\0b"}, "cannot be stored; expected plain text"),
    ],
)
def test_a_judgement_that_is_not_complete_is_refused(store, changed, sentence) -> None:
    with pytest.raises(JudgementError, match=sentence):
        store.judgements.add([replace(REAL, number=9), replace(MADE, **changed)])
    assert store.judgements.sums() == []


def test_a_time_without_zone_is_refused(store) -> None:
    with pytest.raises(StorageError, match="has no zone"):
        store.judgements.add([replace(MADE, created_at=NOON.replace(tzinfo=None))])


def test_preferences_are_counted_by_pair_and_learner(store) -> None:
    for at, (one, two) in enumerate([("cgan", "cvae"), ("cgan", "cvae"), ("cvae", "cgan")]):
        given = replace(PAIR, pair_id=f"pair-{at}", preferred=one, other=two)
        store.judgements.add_preference(given)
    store.judgements.add_preference(replace(PAIR, pair_id="pair-b", learner="bob"))
    assert store.judgements.preferences() == {("cgan", "cvae"): 3, ("cvae", "cgan"): 1}
    assert store.judgements.preferences(learner="bob") == {("cgan", "cvae"): 1}
    with pytest.raises(JudgementError, match="This pair was judged before"):
        store.judgements.add_preference(replace(PAIR, pair_id="pair-b"))
    with pytest.raises(JudgementError, match="Both cells of the pair are by 'cgan'"):
        store.judgements.add_preference(replace(PAIR, pair_id="pair-c", other="cgan"))
