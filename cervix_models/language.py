"""The languages of the learner's pages, by gettext: English in the sources, others as catalogues.

A catalogue is the text file `locales/<language>.po`, compiled when it is first asked for. Who asks
in which language is not known here: the screens say it by `follow`.
"""

from __future__ import annotations

import gettext as _gettext
import io
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from cervix_models.errors import LanguageError

LOCALES = Path(__file__).parent / "locales"
ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "es": "Español", "zh": "中文"}  # by their codes of ISO 639-1


class _Asked:
    language: Callable[[], str] = staticmethod(lambda: ENGLISH)


def follow(language: Callable[[], str]) -> None:
    """From now on every text is given in the language that `language` says when it is asked."""
    _Asked.language = staticmethod(language)


def spoken() -> str:
    """The code of the language in which texts are given now."""
    return _Asked.language()


def _(text: str) -> str:
    """`text` of the sources in the language that is spoken; as it is where that is English."""
    return catalogue(spoken()).gettext(text) if text else text


def several(one: str, many: str, count: int) -> str:
    """The form of a text that goes with `count`, in the language that is spoken."""
    return catalogue(spoken()).ngettext(one, many, count)


def later(text: str) -> str:
    """`text` itself: marks a text for translation where it is given before it is asked for, and
    shown by `_` then."""
    return text


def nearest(locale: str | None) -> str:
    """The language of ours that a locale such as `es-MX` names; English for any other."""
    code = (locale or "").replace("_", "-").split("-")[0].lower()
    return code if code in LANGUAGES else ENGLISH


@lru_cache
def catalogue(language: str) -> _gettext.NullTranslations:
    """The compiled texts of a language. Raises LanguageError for one that is not ours, or whose
    file is not here."""
    if language == ENGLISH:
        return _gettext.NullTranslations()
    path = LOCALES / f"{language}.po"
    if language not in LANGUAGES or not path.is_file():
        raise LanguageError(
            f"The language {language!r} was asked for, and {path.name} was expected in "
            f"{LOCALES.name}/; the languages are {', '.join(LANGUAGES)}. Choose one of these."
        )
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=language))
    compiled.seek(0)
    return _gettext.GNUTranslations(compiled)
