"""What people said of made and real cells, summed: by person, by generator, beside KID and beside
what documents report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cervix_models.contracts import Card, JudgementSum
from cervix_models.evaluation.detection import Said, detection, mean_rating, share
from cervix_models.evaluation.notes import judged_by_people
from cervix_models.language import later

REAL = later("Real cells")  # the name of their row, in every language
Figures = Mapping[str, float]  # value, low, high: the 95 % interval


@dataclass(frozen=True)
class JudgedRow:
    """What was said of one generator's cells, or of the real ones."""

    name: str
    judged: int = 0
    called_real: Figures | None = None
    rated: int = 0
    quality: Figures | None = None  # mean of 1 to 5
    told: Mapping[str, Figures] | None = None  # d_prime, criterion, accuracy
    preferred: Figures | None = None  # part of its pairs
    pairs: int = 0
    kid: float | None = None  # of its card
    reported_real: float | None = None  # part that people called real, by its document
    reported_quality: float | None = None


@dataclass(frozen=True)
class Results:
    """All that was said, or what one person said."""

    judged: int
    rounds: int
    told: Mapping[str, Figures] | None  # d_prime, criterion, accuracy; None without both kinds
    course: tuple[Figures, ...]  # d_prime of all that was said up to each round
    rows: tuple[JudgedRow, ...]  # the real cells first, then the generators
    source: str  # of what is reported
    pictures: str  # that were judged there


def results(
    sums: Sequence[JudgementSum], won: Mapping[tuple[str, str], int], cards: Sequence[Card]
) -> Results:
    """What these sums and preferences come to, with a row for every generator that is at hand, was
    judged, or whose document reports what people said."""
    reported = judged_by_people()
    first = next(iter(reported.values()), {})
    kid = {card.name: card.metrics["kid"]["value"] for card in cards if "kid" in card.metrics}
    seen = [each.generator for each in sums if each.generator]
    names = dict.fromkeys(
        [*(card.name for card in cards), *seen, *(n for pair in won for n in pair)]
    )
    made = [
        _row(name, sums, won, kid.get(name), reported.get(name, {}))
        for name in [*names, *(each for each in reported if each not in names)]
    ]
    return Results(
        judged=sum(each.judged for each in sums),
        rounds=len({each.round_id for each in sums}),
        told=_told(said_of(sums)),
        course=_course(sums),
        rows=(_real_row(sums, first), *made),
        source=str(first.get("source", "")),
        pictures=str(first.get("pictures", "")),
    )


def said_of(sums: Sequence[JudgementSum], generator: str | None = None) -> Said:
    """What was said of all cells; or of one generator's, and of the real ones of the rounds that
    they were in."""
    rounds = {each.round_id for each in sums if each.generator == generator}
    said = Said()
    for each in sums:
        if each.generator is None:
            if generator is None or each.round_id in rounds:
                said += Said(real=each.judged, false_alarms=each.said_made)
        elif generator in (None, each.generator):
            said += Said(made=each.judged, hits=each.said_made)
    return said


def _told(said: Said) -> Mapping[str, Figures] | None:
    return detection(said) if said.made and said.real else None


def _course(sums: Sequence[JudgementSum]) -> tuple[Figures, ...]:
    said, found = Said(), []
    for name in dict.fromkeys(each.round_id for each in sums):
        said += said_of([each for each in sums if each.round_id == name])
        if told := _told(said):
            found.append(told["d_prime"])
    return tuple(found)


def _row(
    name: str,
    sums: Sequence[JudgementSum],
    won: Mapping[tuple[str, str], int],
    kid: float | None,
    reported: Mapping[str, Any],
) -> JudgedRow:
    wins = sum(count for (one, _), count in won.items() if one == name)
    pairs = sum(count for pair, count in won.items() if name in pair)
    return JudgedRow(
        name=name,
        told=_told(said_of(sums, name)),
        preferred=share(wins, pairs) if pairs else None,
        pairs=pairs,
        kid=kid,
        reported_real=reported.get("people_called_real"),
        reported_quality=reported.get("people_rating"),
        **_judged([each for each in sums if each.generator == name]),
    )


def _real_row(sums: Sequence[JudgementSum], reported: Mapping[str, Any]) -> JudgedRow:
    return JudgedRow(
        name=REAL,
        reported_real=reported.get("people_called_real_of_real"),
        reported_quality=reported.get("people_rating_of_real"),
        **_judged([each for each in sums if each.generator is None]),
    )


def _judged(sums: Sequence[JudgementSum]) -> dict[str, Any]:
    judged, rated = sum(each.judged for each in sums), sum(each.rated for each in sums)
    real = judged - sum(each.said_made for each in sums)
    total, squares = sum(e.quality for e in sums), sum(e.quality_squares for e in sums)
    return {
        "judged": judged,
        "called_real": share(real, judged) if judged else None,
        "rated": rated,
        "quality": mean_rating(rated, total, squares) if rated else None,
    }
