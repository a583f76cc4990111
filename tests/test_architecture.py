"""The house rules, read from the files; and each rule seen to fail where it must."""

from __future__ import annotations

import pytest

from tests.house import files, imports, sources

SOURCES = files.sources()
ERRORS = "cervix_models/errors.py"


@pytest.mark.parametrize(
    "rule",
    [
        imports.wrong_direction,
        imports.wrong_library,
        sources.too_long,
        sources.forbidden_statements,
        sources.undocumented,
    ],
)
def test_every_source_file_keeps(rule) -> None:
    assert len(SOURCES) > 20
    assert [line for path, text in SOURCES.items() for line in rule(path, text)] == []


def test_no_test_file_is_too_long() -> None:
    tests = [path for path in files.project_files() if path.startswith("tests/")]
    python = [path for path in tests if path.endswith(".py")]
    assert __file__.endswith(tuple(python))
    texts = {path: (files.ROOT / path).read_text("utf-8") for path in python}
    assert [line for path, text in texts.items() for line in sources.too_long(path, text)] == []


def test_the_command_line_answers_help_without_heavy_libraries() -> None:
    doors = [path for path in SOURCES if path.startswith("cervix_models/commands/")]
    for path in ["cervix_models/__main__.py", *doors]:
        assert imports.reached(path, SOURCES) & imports.HEAVY == set(), path


def test_opening_a_page_imports_no_torch() -> None:
    screens = [path for path in SOURCES if path.startswith(("app.py", "ui/", "pages/"))]
    assert "app.py" in screens
    for path in screens:
        assert imports.reached(path, SOURCES) & imports.TENSORS == set(), path


def test_reading_many_cells_imports_no_torch() -> None:
    reached = imports.reached("cervix_models/services/bulk.py", SOURCES)
    assert "onnxruntime" not in reached  # by the first session alone
    assert reached & (imports.TENSORS - {"safetensors"}) == set()


def test_every_library_that_is_imported_is_required_by_name() -> None:
    wanted = imports.libraries(files.python_files())
    assert {"torch", "streamlit", "pytest"} <= set(wanted)
    assert imports.not_required(wanted, files.requirements()) == {}


def test_every_error_is_raised_somewhere() -> None:
    raised = {name for text in SOURCES.values() for name in sources.names_raised(text)}
    defined = set(sources.classes_defined(SOURCES[ERRORS])) - {"CervixError"}
    assert defined
    assert defined - raised == set()


def test_files_are_where_they_belong_and_not_too_heavy() -> None:
    paths = files.project_files()
    assert "Makefile" in paths
    assert files.misplaced(paths) == []
    assert files.too_heavy({path: (files.ROOT / path).stat().st_size for path in paths}) == []


def test_no_path_of_one_machine_stands_in_a_file() -> None:
    texts = {
        path: (files.ROOT / path).read_text("utf-8")
        for path in files.project_files()
        if files.is_text(path)
    }
    assert [
        line for path, text in texts.items() for line in files.paths_of_elsewhere(path, text)
    ] == []


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        ("cervix_models/errors.py", "from cervix_models.contracts import Card", "stands above it"),
        ("cervix_models/data/a.py", "import cervix_models.classifiers.cnn", "stands above it"),
        ("cervix_models/data/a.py", "from ..services import triage", "stands above it"),
        ("cervix_models/data/a.py", "def f():\n    from cervix_models import services", "above it"),
        ("cervix_models/services/a.py", "from cervix_models.training import a", "for the worker"),
        ("pages/a/b.py", "from cervix_models.training import fit", "for the worker"),
        ("cervix_models/explain.py", "from cervix_models import storage", "only services"),
        ("cervix_models/storage/a.py", "from cervix_models import registry", "no business"),
        ("pages/triage/a.py", "from cervix_models.predictors import x", "past the services"),
        ("ui/a.py", "if True:\n    from cervix_models.classifiers import cnn", "past the services"),
        ("cervix_models/commands/a.py", "import ui.show", "only screens know screens"),
        ("cervix_models/cellar.py", "", "has no storey"),
    ],
)
def test_an_import_in_the_wrong_direction_is_found(path, source, complaint) -> None:
    (found, *_) = imports.wrong_direction(path, source)
    assert complaint in found


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("cervix_models/services/a.py", "from cervix_models.storage import queries"),
        ("cervix_models/commands/a.py", "from cervix_models.training import fit"),
        ("cervix_models/training/a.py", "from cervix_models.predictors import CellReader"),
        ("cervix_models/data/a.py", "from .labels import CLASSES\nimport numpy"),
        ("pages/triage/a.py", "from cervix_models.services import triage\nfrom ui import show"),
        ("tests/a.py", "from cervix_models import storage"),
    ],
)
def test_an_import_in_the_right_direction_passes(path, source) -> None:
    assert imports.wrong_direction(path, source) == []


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        ("cervix_models/services/a.py", "import streamlit as st", "Streamlit stands only"),
        ("cervix_models/services/a.py", "from sqlalchemy import select", "only in storage/"),
        ("ui/a.py", "def f():\n    import torch.nn", "neither in the screens"),
        ("cervix_models/storage/a.py", "from torchvision import ops", "neither in the screens"),
        (
            "cervix_models/data/a.py",
            "try:\n    import pickle\nexcept ImportError:\n    raise",
            "runs",
        ),
    ],
)
def test_a_library_in_the_wrong_room_is_found(path, source, complaint) -> None:
    (found,) = imports.wrong_library(path, source)
    assert complaint in found


def test_a_library_that_is_not_required_is_found() -> None:
    found = imports.libraries(
        {
            "ui/a.py": "import os\nimport PIL.Image\nfrom ui import show\n",
            "tests/b.py": "def f():\n    from sklearn.svm import SVC\n    from . import c\n",
        }
    )
    assert found == {"PIL": "ui/a.py", "sklearn": "tests/b.py"}
    assert imports.not_required(found, {"pillow"}) == {"sklearn": "tests/b.py"}
    assert imports.not_required(found, {"pillow", "scikit-learn"}) == {}


def test_what_an_import_loads_is_followed_through_the_project() -> None:
    sources_made = {
        "ui/main.py": "from cervix_models.services import triage",
        "cervix_models/services/__init__.py": "import json",
        "cervix_models/services/triage.py": "from .. import explain",
        "cervix_models/explain.py": "import torch\ndef f():\n    import timm\n"
        "if TYPE_CHECKING:\n    import lightning",
    }
    assert imports.reached("ui/main.py", sources_made) == {"json", "torch"}


@pytest.mark.parametrize(
    ("rule", "source", "complaint"),
    [
        (sources.too_long, "\n" * 400, "401 lines"),
        (sources.too_long, "def f():\n" + "    x = 1\n" * 60, "f has 61 lines"),
        (sources.forbidden_statements, "def f():\n    print('x')", "print"),
        (sources.forbidden_statements, "assert given", "assert"),
        (sources.forbidden_statements, "torch.load(path)", "torch.load"),
        (sources.forbidden_statements, "np.load(path, allow_pickle=True)", "allow_pickle"),
        (
            sources.forbidden_statements,
            "try:\n    f()\nexcept Exception:\n    pass",
            "says nothing",
        ),
        (sources.undocumented, "def f() -> None:\n    pass", "f has no docstring"),
        (sources.undocumented, "class A:\n    x = 1", "A has no docstring"),
        (sources.undocumented, "def f(x) -> None:\n    'Nothing.'", "x has no type"),
        (sources.undocumented, "def f(*x: int):\n    'Nothing.'", "returns has no type"),
        (sources.undocumented, "class A:\n    'A.'\n    def g(self) -> int: ...", "g has no"),
    ],
)
def test_a_source_that_breaks_a_rule_is_found(rule, source, complaint) -> None:
    (found,) = rule("made.py", source)
    assert complaint in found


def test_sources_within_the_rules_pass() -> None:
    kept = "def f(x: int, *, y: str) -> None:\n    'Nothing.'\n    def inner(z): ...\n"
    kept += "def _own(x): ...\nclass A:\n    'A.'\n    def __init__(self) -> None: ...\n"
    assert sources.undocumented("made.py", kept) == []
    assert sources.forbidden_statements("made.py", "np.load(p, allow_pickle=False)") == []
    assert sources.too_long("made.py", "\n" * 399) == []


def test_raised_names_are_read_in_every_form() -> None:
    text = "raise A('x')\nraise errors.B('x') from e\nraise C\nraise\n"
    assert sources.names_raised(text) == {"A", "B", "C"}


def test_files_out_of_place_or_too_heavy_are_found() -> None:
    assert len(files.misplaced(["pages/a.py", "data/cells/a.jpg", "pages/triage/a.py"])) == 2
    assert "at most 16" in files.too_heavy({"a.bin": files.LARGEST_FILE + 1})[0]
    many = {f"weights/m{number}/model.safetensors": 15 * files.MEGABYTE for number in range(3)}
    assert "at most 40" in files.too_heavy(many)[0]
    assert "safetensors" in files.too_heavy({"weights/a/model.pt": 1})[0]
    assert "safetensors" in files.too_heavy({"weights/a/cell.webp": 1})[0]
    assert files.too_heavy({"weights/a/film.webp": 1}) == []


@pytest.mark.parametrize("folder", ["home", "root", "Users", "mnt"])
def test_a_path_of_one_machine_is_found(folder) -> None:
    assert files.paths_of_elsewhere("a.md", f"see /{folder}/somebody/file") != []
    assert files.paths_of_elsewhere("a.md", f"https://example.org/{folder}/page") == []
    assert files.paths_of_elsewhere("a.md", f"runs/{folder}/file") == []
