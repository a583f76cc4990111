"""Every page: its file, its address, and the role that it is for."""

from __future__ import annotations

from dataclasses import dataclass

from cervix_models.language import later
from cervix_models.people import Person, Role


@dataclass(frozen=True)
class Entry:
    """One page as the navigation shows it."""

    file: str  # below pages/
    title: str
    icon: str  # of Material Symbols
    address: str
    role: Role = "student"

    @property
    def target(self) -> str:
        """The file as Streamlit names it, from the entry script."""
        return f"../pages/{self.file}"


SECTIONS: dict[str, tuple[Entry, ...]] = {
    "": (Entry("start/home.py", later("Home"), "home", ""),),
    later("Triage"): (
        Entry("triage/reading.py", later("Read cells"), "biotech", "triage", "pathologist"),
        Entry("triage/field.py", later("Read a field"), "grid_view", "field", "pathologist"),
        Entry("triage/slide.py", later("Read a slide"), "zoom_in_map", "slide", "pathologist"),
        Entry("triage/compare.py", later("Compare models"), "compare", "compare", "pathologist"),
        Entry("triage/worklist.py", later("Worklist"), "checklist", "worklist", "pathologist"),
    ),
    later("Generate"): (
        Entry("generate/studio.py", later("Studio"), "palette", "studio"),
        Entry("generate/measures.py", later("Generators measured"), "query_stats", "generators"),
    ),
    later("Learn"): (
        Entry("learn/quiz.py", later("Quiz"), "school", "quiz"),
        Entry("learn/classroom.py", later("Classroom"), "groups", "classroom", "instructor"),
        Entry("learn/real_or_fake.py", later("Real or fake"), "quiz", "real-or-fake"),
        Entry("learn/care.py", later("Care"), "health_and_safety", "care"),
    ),
    later("Explore"): (
        Entry("explore/dataset.py", later("The data set"), "dataset", "dataset"),
        Entry("explore/atlas.py", later("Atlas"), "menu_book", "atlas"),
    ),
    later("Models"): (
        Entry("models/leaderboard.py", later("Leaderboard"), "leaderboard", "leaderboard"),
        Entry("models/honesty.py", later("What the split hides"), "call_split", "honesty"),
        Entry("models/robustness.py", later("Robustness lab"), "science", "robustness"),
        Entry("models/card.py", later("Model card"), "description", "card"),
    ),
    later("Admin"): (
        Entry("admin/training.py", later("Training"), "model_training", "training", "admin"),
        Entry("admin/datasets.py", later("Image sets"), "folder_copy", "image-sets", "admin"),
        Entry(
            "admin/models.py", later("Models and runs"), "published_with_changes", "runs", "admin"
        ),
        Entry("admin/users.py", later("Users"), "manage_accounts", "users", "admin"),
        Entry("admin/audit.py", later("Audit log"), "receipt_long", "audit", "admin"),
    ),
}


def entries() -> list[Entry]:
    """All pages, in the order of the navigation."""
    return [each for section in SECTIONS.values() for each in section]


def may_open(person: Person, target: str) -> bool:
    """Whether a person's roles open the page of this file, named as Streamlit names it."""
    return any(each.target == target and person.has(each.role) for each in entries())
