from cervix_models.contracts import NOTICE
from tests.fakes import drawn_cell, png


def shown(app) -> str:
    return " ".join(each.proto.body for each in app.get("html"))


DOORS = [
    "**Read cells**", "**Read a field**", "**Read a slide**", "**Worklist**",
    "**Quiz**", "**Classroom**", "**Real or fake**", "**Atlas**", "**The data set**", "**Care**",
    "**Studio**",
    "**What the split hides**", "**Model card**", "**Training**",
]  # fmt: skip


def test_the_front_page_says_what_this_is_and_is_not(app) -> None:
    assert app.title[0].value == "Cervical cytology, cell by cell"
    assert NOTICE in shown(app)
    labels = [each.proto.label for each in app.get("page_link")]
    assert labels == DOORS
    assert not app.exception


def test_the_five_classes_are_shown_by_synthetic_pictures_with_words(app) -> None:
    assert shown(app).count('alt="Synthetic cell in the manner of ') == 5
    assert any("Synthetic pictures" in each.value for each in app.caption)


def test_recent_readings_lead_to_their_page(app, triage) -> None:
    for seed in range(8):
        triage.answer = "Parabasal" if seed else None
        reading = triage.read(png(drawn_cell(80, seed)), "a.png")
    app.run()
    links = [each.proto for each in app.get("page_link")][len(DOORS) :]
    assert len(links) == 6
    assert links[0].label == "Parabasal"
    assert reading.id in links[0].query_string
