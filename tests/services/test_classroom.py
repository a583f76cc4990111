"""Sets and sittings: who may join and answer when, what is told when, and the group’s results."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from cervix_models.contracts import NOTICE
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import is_marked
from cervix_models.errors import LessonError, StorageError
from cervix_models.lessons import TeachingSet
from cervix_models.services import lesson_exports as exports
from cervix_models.services.classroom import CODE, LETTERS, Classroom, Going, Plan, code_of
from cervix_models.services.learning import Learning
from cervix_models.services.quiz_cells import QuizCells
from cervix_models.storage import open_store
from tests.lessons import cells_of, hold_out

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
TWO_EACH = dict.fromkeys(CLASS_NAMES, 2)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def classroom(triage, tmp_path) -> Classroom:
    return Classroom(cells_of(triage, tmp_path))


def make(classroom: Classroom, **changes) -> TeachingSet:
    plan = {"name": "Monday", "counts": TWO_EACH, "minutes": 10, "seed": 3, **changes}
    return classroom.make(Plan(**plan), "local")


def joined(classroom: Classroom, made: TeachingSet, name: str = "Ann") -> Going:
    sitting = classroom.join(made.code, name, now=NOON)
    return classroom.going(sitting.id, now=NOON)


def answer_all(classroom: Classroom, going: Going, right: int, seconds: float = 10) -> None:
    """The first so many items rightly, the others wrongly."""
    for item in going.items:
        wrong = CLASS_NAMES[(CLASS_NAMES.index(item.label) + 1) % 5]
        said = item.label if item.number <= right else wrong
        classroom.answer(going, item.number, said, 3.0, now=at(seconds))


def test_a_set_has_the_cells_that_were_planned_in_a_mixed_order(classroom) -> None:
    hold_out(classroom.cells)
    made = make(classroom)
    items = classroom.store.teaching.items(made.id)
    assert Counter(each.label for each in items) == TWO_EACH
    assert len({each.cell for each in items}) == 10
    assert [each.label for each in items] != sorted(each.label for each in items)
    assert len(made.code) == CODE
    assert set(made.code) <= set(LETTERS)
    assert made.origin == "SIPaKMeD"
    for each in items:
        assert Image.open(io.BytesIO(classroom.store.blob(each.picture))).size == (40, 30)
        assert Image.open(io.BytesIO(classroom.store.blob(each.mask))).mode == "L"
        assert max(each.heard, key=each.heard.get) == "Parabasal"
    again = classroom.store.teaching.items(make(classroom).id)
    other = classroom.store.teaching.items(make(classroom, seed=4).id)
    assert [each.cell for each in again] == [each.cell for each in items]
    assert [each.cell for each in other] != [each.cell for each in items]


def test_a_set_of_synthetic_cells_says_whose_they_are_and_marks_each(classroom) -> None:
    made = make(classroom, synthetic=True, counts={"Parabasal": 2, "Koilocytotic": 1})
    assert made.synthetic
    assert made.origin.startswith("one 0.1 (")
    for each in classroom.store.teaching.items(made.id):
        picture = Image.open(io.BytesIO(classroom.store.blob(each.picture)))
        picture.load()
        assert is_marked(picture)
        assert each.heard is None


def test_a_set_of_chosen_cells_has_these(classroom) -> None:
    chosen = tuple(classroom.cells.of_class("Metaplastic")[:3])
    made = make(classroom, cells=chosen, counts={})
    found = classroom.store.teaching.items(made.id)
    assert {each.cell for each in found} == {each.key for each in chosen}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"counts": {}}, "0 cells were chosen; a set has 1 to 200"),
        ({"counts": {"Parabasal": 7}}, "7 cells of Parabasal were asked for, and 6 are here"),
        ({"minutes": 0}, "0 minutes were given; expected 1 to 240"),
        ({"minutes": 241}, "241 minutes were given"),
        ({"minutes": None}, "exam without a time"),
        ({"name": "  "}, "The set has no name"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(classroom, changes, sentence) -> None:
    with pytest.raises(LessonError, match=sentence):
        make(classroom, **changes)
    assert classroom.sets() == []


def test_a_code_is_read_however_it_is_typed(classroom) -> None:
    made = make(classroom)
    typed = f" {made.code[:3].lower()}-{made.code[3:].lower()} "
    assert code_of(typed) == made.code
    assert classroom.join(typed, "Ann").set_id == made.id
    with pytest.raises(LessonError, match="No set has the code “XX”; expected the 6 letters"):
        classroom.join("XX", "Ann")
    with pytest.raises(LessonError, match="No name was given"):
        classroom.join(made.code, "  ")


def test_a_name_is_taken_but_for_the_one_who_has_it(classroom) -> None:
    made = make(classroom)
    first = classroom.join(made.code, "Ann  Lee", now=NOON)
    assert first.name == "Ann Lee"
    assert first.ends_at == at(600)
    with pytest.raises(LessonError, match="Somebody takes part as “ann lee” already"):
        classroom.join(made.code, "ann lee", now=at(5))
    assert classroom.join(made.code, "ann lee", going_on=first.id, now=at(5)) == first
    with pytest.raises(LessonError, match="already"):
        classroom.join(made.code, "ann lee", going_on="a guess", now=at(5))
    other = classroom.join(make(classroom).code, "Ann Lee", going_on=first.id)
    assert other.id != first.id


def test_an_exam_takes_answers_in_time_and_tells_once_it_is_closed(classroom) -> None:
    made = make(classroom)
    going = joined(classroom, made)
    assert (going.over, going.told, going.left) == (None, False, timedelta(minutes=10))
    answer_all(classroom, going, right=7)
    classroom.answer(going, 10, going.items[9].label, now=at(500))  # changed in time
    with pytest.raises(LessonError, match="The time is up: this answer came too late"):
        classroom.answer(going, 9, going.items[8].label, now=at(600))
    late = classroom.going(going.sitting.id, now=at(600))
    assert (late.over, late.told, late.right, late.left) == ("late", False, 8, timedelta(0))
    classroom.close(made.id)
    assert classroom.going(going.sitting.id, now=at(601)).told
    with pytest.raises(LessonError, match="“Monday” is closed"):
        classroom.join(made.code, "Bob")


def test_an_exam_may_tell_at_hand_in(classroom) -> None:
    made = make(classroom, shown="handed in")
    going = joined(classroom, made)
    classroom.hand_in(going.sitting.id, now=at(60))
    after = classroom.going(going.sitting.id, now=at(61))
    assert (after.over, after.told, after.right) == ("handed in", True, 0)
    with pytest.raises(LessonError, match="You handed in already"):
        classroom.answer(going, 1, "Parabasal", now=at(62))


def test_who_has_not_handed_in_is_ended_by_the_close(classroom) -> None:
    made = make(classroom)
    going = joined(classroom, made)
    classroom.close(made.id)
    assert classroom.going(going.sitting.id, now=at(5)).over == "closed"
    with pytest.raises(LessonError, match="Your instructor closed this set"):
        classroom.answer(going, 1, "Parabasal", now=at(6))


def test_an_exercise_has_no_limit_and_its_answers_stay(classroom) -> None:
    made = make(classroom, kind="exercise", minutes=None)
    going = joined(classroom, made)
    assert going.left is None
    classroom.answer(going, 1, "Parabasal", now=at(90_000))
    with pytest.raises(LessonError, match="an answer of an exercise stays"):
        classroom.answer(going, 1, "Metaplastic", now=at(90_001))
    assert not classroom.going(going.sitting.id, now=at(90_002)).told
    classroom.hand_in(going.sitting.id)
    assert classroom.going(going.sitting.id).told


def test_a_sitting_goes_on_after_a_restart(classroom, triage) -> None:
    going = joined(classroom, make(classroom))
    classroom.answer(going, 4, "Parabasal", 2.0, now=at(30))
    triage.store.close()
    again = open_store(triage.settings)
    later = Classroom(QuizCells(again, classroom.cells.synthesis, triage.reader))
    found = later.going(going.sitting.id, now=at(60))
    assert (found.over, found.left) == (None, timedelta(minutes=9))
    assert found.answers[4].said == "Parabasal"
    assert found.items == going.items
    assert later.going("no such secret") is None
    again.close()


@pytest.fixture
def taken(classroom) -> tuple[Classroom, TeachingSet]:
    """An exam that three took: all right, half right, and a few right with the rest open."""
    hold_out(classroom.cells)
    made = make(classroom, name="=Week 1; Ünit")
    for name, right in (("Ann", 10), ("+Bob", 5)):
        going = joined(classroom, made, name)
        answer_all(classroom, going, right)
        classroom.hand_in(going.sitting.id, now=at(100))
    eve = joined(classroom, made, "Eve")
    for item in eve.items[:2]:
        classroom.answer(eve, item.number, item.label, now=at(20))
    classroom.hand_in(eve.sitting.id, now=at(30))
    return classroom, made


def test_the_cohort_counts_what_is_not_answered_as_wrong(taken) -> None:
    classroom, made = taken
    still = joined(classroom, made, "Zoe")
    classroom.answer(still, 1, still.items[0].label, now=at(40))
    found = classroom.cohort(made.id, now=at(200))
    assert [(each.sitting.name, each.done, each.right, each.answered) for each in found.people] == [
        ("+Bob", True, 5, 10), ("Ann", True, 10, 10), ("Eve", True, 2, 2), ("Zoe", False, 1, 1),
    ]  # fmt: skip
    assert [each.seconds for each in found.done] == [100.0, 100.0, 30.0]
    assert found.unanswered == 8
    assert found.score["value"] == pytest.approx(17 / 30)
    rights = [each.right["value"] for each in found.items]
    assert rights == pytest.approx([1.0] * 2 + [2 / 3] * 3 + [1 / 3] * 5)
    assert [each.unanswered for each in found.items] == [0] * 2 + [1] * 8
    # Item 3: Ann and Bob right, Eve not; of the others Ann has 9, Bob 4, Eve 2 right.
    # (1/3 1/3 -2/3) with (4 -1 -3): 3; sqrt(2/3 x 26) = 4.1633: 0.7206
    assert found.items[2].discrimination == pytest.approx(0.7206, abs=0.0001)
    assert found.items[0].discrimination is None
    assert found.items[0].flags == ("easy",)
    assert found.items[9].flags == ()
    wrong = CLASS_NAMES[(CLASS_NAMES.index(found.items[9].item.label) + 1) % 5]
    assert found.items[9].wrong == wrong
    assert found.matrix.sum() == 22
    assert found.calls.abnormal + found.calls.benign == 22
    after = classroom.cohort(made.id, now=at(601))
    assert len(after.done) == 4  # Zoe's time is up


def test_a_set_that_nobody_took_has_no_figures(classroom) -> None:
    found = classroom.cohort(make(classroom).id)
    assert (found.people, found.done, found.score, found.unanswered) == ((), (), None, 0)
    assert {each.right for each in found.items} == {None}
    assert found.calls.d_prime is None


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_answers_and_items_are_taken_out_as_tables_that_run_nothing(taken) -> None:
    classroom, made = taken
    found = classroom.cohort(made.id, now=at(200))
    export = exports.answers_file(found)
    assert export.filename == f"week-1-nit-{made.code.lower()}-answers.csv"
    lines = rows(export.data)
    assert len(lines) == 30
    assert {each["set"] for each in lines} == {"'=Week 1; Ünit"}
    assert {each["learner"] for each in lines} == {"Ann", "'+Bob", "Eve"}
    bob = [each for each in lines if each["learner"] == "'+Bob"]
    assert [each["right"] for each in bob] == ["True"] * 5 + ["False"] * 5
    eve = [each for each in lines if each["learner"] == "Eve"]
    assert [each["said"] for each in eve[2:]] == [""] * 8
    assert {each["right"] for each in eve[2:]} == {"False"}
    assert {each["notice"] for each in lines} == {NOTICE}
    items = rows(exports.items_file(found).data)
    assert len(items) == 10
    assert float(items[2]["right_part"]) == pytest.approx(2 / 3)
    assert float(items[2]["discrimination"]) == pytest.approx(0.7206, abs=0.0001)
    assert (items[0]["discrimination"], items[0]["flags"], items[0]["people"]) == ("", "easy", "3")
    assert {each["model_said"] for each in items} == {"Parabasal"}


def opened(content: bytes, folder) -> tuple[dict, list[tuple], dict[str, str]]:
    """The decks, the notes (guid, fields, tags) and the media of an .apkg."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        (folder / "collection.anki2").write_bytes(packed.read("collection.anki2"))
        media = json.loads(packed.read("media"))
        for number in media:
            assert packed.read(number).startswith(b"\x89PNG")
    with sqlite3.connect(folder / "collection.anki2") as base:
        decks = json.loads(base.execute("SELECT decks FROM col").fetchone()[0])
        notes = base.execute("SELECT guid, flds, tags FROM notes ORDER BY guid").fetchall()
        cards = base.execute("SELECT count(*) FROM cards").fetchone()[0]
    assert cards == len(notes)
    return decks, [(guid, flds.split("\x1f"), tags) for guid, flds, tags in notes], media


def test_a_set_becomes_a_deck_that_brings_itself_up_to_date(taken, tmp_path) -> None:
    classroom, made = taken
    found = classroom.cohort(made.id)
    decks, notes, media = opened(exports.deck_of_set(found, classroom.store).data, tmp_path)
    assert "=Week 1; Ünit" in {each["name"] for each in decks.values()}
    assert len(notes) == 10
    assert len(media) == 20  # the picture and its outlines
    for _guid, fields, tags in notes:
        assert fields[1].removeprefix('<img src="').removesuffix('">') in media.values()
        assert fields[5].removeprefix('<img src="').removesuffix('">') in media.values()
        assert fields[2] == ""
        assert fields[3].split(" (")[0] in tags
        assert "<li><b>" in fields[4]
        assert fields[6] == NOTICE
    again = opened(exports.deck_of_set(found, classroom.store).data, tmp_path)
    assert [each[0] for each in again[1]] == [each[0] for each in notes]
    assert set(again[0]) == set(decks)
    other = make(classroom)
    cohort = classroom.cohort(other.id)
    elsewhere = opened(exports.deck_of_set(cohort, classroom.store).data, tmp_path)
    assert not {each[0] for each in elsewhere[1]} & {each[0] for each in notes}


def test_a_deck_of_synthetic_cells_says_so(classroom, tmp_path) -> None:
    made = make(classroom, synthetic=True, counts={"Parabasal": 2})
    content = exports.deck_of_set(classroom.cohort(made.id), classroom.store).data
    _, notes, media = opened(content, tmp_path)
    assert {each[1][2] for each in notes} == {"Synthetic cell: a network made it."}
    assert all("synthetic" in each[2].split() for each in notes)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        for number in media:
            picture = Image.open(io.BytesIO(packed.read(number)))
            picture.load()
            assert is_marked(picture)


def test_mistakes_become_a_deck(classroom, tmp_path) -> None:
    learning = Learning(classroom.cells)
    with pytest.raises(LessonError, match=r"No cell was named wrongly so far.*Practise first"):
        exports.deck_of_mistakes(learning, "ann", synthetic=False)
    question = learning.ask("ann", seed=1, now=NOON)
    wrong = next(each for each in CLASS_NAMES if each != question.cell.label)
    learning.answer(question, wrong, "ann", now=at(4))
    export = exports.deck_of_mistakes(learning, "ann", synthetic=False)
    _, notes, _ = opened(export.data, tmp_path)
    assert [each[1][0] for each in notes] == [question.cell.key[:16]]


def test_a_set_is_deleted_with_its_answers(taken) -> None:
    classroom, made = taken
    sitting = classroom.store.teaching.sittings(made.id)[0]
    classroom.delete(made.id)
    assert classroom.sets() == []
    assert classroom.going(sitting.id) is None
    with pytest.raises(StorageError, match="No set has the id"):
        classroom.cohort(made.id)


def test_a_set_goes_on_without_outlines_where_there_are_no_models(classroom, monkeypatch) -> None:
    def refuse(cell) -> None:
        raise StorageError("There is no segmenter.")

    monkeypatch.setattr(classroom.cells, "labels", refuse)
    items = classroom.store.teaching.items(make(classroom).id)
    assert {each.mask for each in items} == {None}
