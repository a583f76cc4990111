"""What a verdict must hold before it is stored."""

from __future__ import annotations

from typing import get_args

from cervix_models.contracts import Verdict, VerdictKind
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import VerdictError

REMARK_LIMIT = 2000  # characters
KINDS: tuple[str, ...] = get_args(VerdictKind)


def check_verdict(verdict: Verdict) -> None:
    """Nothing, where the verdict is complete. Raises VerdictError, saying what to mend."""
    if verdict.kind not in KINDS:
        raise VerdictError(
            f"The verdict is {verdict.kind!r}; expected one of {', '.join(KINDS)}. Choose one."
        )
    if verdict.kind == "correct" and verdict.label not in CLASS_NAMES:
        given = "no class" if verdict.label is None else f"the class {verdict.label!r}"
        raise VerdictError(
            f"The verdict corrects the reading and names {given}; expected one of "
            f"{', '.join(CLASS_NAMES)}. Choose the class it should be."
        )
    if verdict.kind != "correct" and verdict.label is not None:
        raise VerdictError(
            f"The verdict is {verdict.kind!r} and names the class {verdict.label!r}; only a "
            "correction names a class. Leave the class out, or choose to correct."
        )
    if len(verdict.remark) > REMARK_LIMIT:
        raise VerdictError(
            f"The remark has {len(verdict.remark)} characters; expected at most {REMARK_LIMIT}. "
            "Shorten it."
        )
    if not (is_text(verdict.remark) and is_text(verdict.author)):
        raise VerdictError(
            "The remark or the author's name holds a character that cannot be stored; expected "
            "plain text. Type it anew instead of pasting it."
        )


def is_text(given: str) -> bool:
    """Whether both databases can keep a text."""
    # PostgreSQL keeps no NUL, and half of a surrogate pair has no UTF-8.
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in given)
