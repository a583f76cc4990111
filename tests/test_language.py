from __future__ import annotations

import pytest

from cervix_models import language
from cervix_models.errors import LanguageError
from cervix_models.language import _, catalogue, follow, later, nearest, several, spoken


@pytest.fixture
def speaking(tmp_path, monkeypatch):
    """Makes a catalogue of its own the one of Spanish, and speaks what it is told."""
    (tmp_path / "es.po").write_text(
        'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
        'msgid "Cell"\nmsgstr "Célula"\n\n'
        'msgid "{count} cell"\nmsgid_plural "{count} cells"\n'
        'msgstr[0] "{count} célula"\nmsgstr[1] "{count} células"\n',
        "utf-8",
    )
    monkeypatch.setattr(language, "LOCALES", tmp_path)
    before = language._Asked.language
    catalogue.cache_clear()
    yield lambda code: follow(lambda: code)
    catalogue.cache_clear()
    follow(before)


def test_texts_are_given_in_the_language_that_is_spoken(speaking) -> None:
    speaking("en")
    assert (_("Cell"), spoken()) == ("Cell", "en")
    speaking("es")
    assert _("Cell") == "Célula"
    assert [several("{count} cell", "{count} cells", n).format(count=n) for n in (1, 3)] == [
        "1 célula",
        "3 células",
    ]


def test_a_text_that_is_not_in_the_catalogue_stays_as_it_is(speaking) -> None:
    speaking("es")
    assert _("Nucleus") == "Nucleus"
    assert _("") == ""  # gettext would give the head of the catalogue
    assert later("Cell") == "Cell"


@pytest.mark.parametrize(
    ("locale", "code"),
    [
        ("es-MX", "es"),
        ("zh_Hans_CN", "zh"),
        ("en-GB", "en"),
        ("fi", "en"),
        (None, "en"),
        ("", "en"),
    ],
)
def test_the_language_of_a_browser_is_the_nearest_of_ours(locale, code) -> None:
    assert nearest(locale) == code


def test_a_language_without_texts_is_refused(speaking) -> None:
    with pytest.raises(LanguageError, match=r"'fi' was asked for.*en, es, zh"):
        catalogue("fi")
    with pytest.raises(LanguageError, match=r"zh\.po was expected"):
        catalogue("zh")
