"""What each file imports, and the rules that hold the direction of imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from importlib.metadata import packages_distributions

from tests.house.files import distribution

# Rooms from the top of the house to its floor: a module imports its own storey or one below.
STOREYS: tuple[tuple[str, ...], ...] = (
    ("app", "ui", "pages", "scripts", "__main__", "commands", "worker", "benches"),
    ("services",),
    (
        "predictors",
        "inference",
        "sessions",
        "making",
        "steering",
        "flux",
        "nearness",
        "finding",
        "cutting",
        "exporting",
        "explain",
        "gate",
        "cluster",
        "evaluation",
        "morphology",
        "outlines",
        "plots",
        "reports",
        "storage",
        "training",
    ),
    ("classifiers", "segmenters", "generators", "registry", "checkpoints", "cards"),
    ("data", "recipes"),
    ("telemetry", "limits"),
    ("contracts", "lessons", "settings", "language", "people", "accounts", "tasks"),
    ("errors",),
)
OUTSIDE = ("app", "ui", "pages", "scripts")  # stand beside the package, not in it
OURS = ("cervix_models", "tests", *OUTSIDE)
SCREENS = ("app", "ui", "pages")
TRAINERS = ("commands", "worker", "benches", "training", "scripts")
STORAGE_KNOWS = (
    "storage", "data", "contracts", "lessons", "settings", "people", "accounts", "tasks", "errors",
)  # fmt: skip
SCREENS_KNOW = (
    *SCREENS, "services", "telemetry", "plots", "morphology", "data", *STOREYS[-2], *STOREYS[-1]
)  # fmt: skip
STORAGE_CALLERS = ("services", "storage", "commands", "worker", "benches")

TENSORS = frozenset({"torch", "torchvision", "timm", "lightning", "pytorch_lightning"})
TENSORS |= {"torchmetrics", "onnxruntime", "onnx", "onnxscript", "safetensors"}
TENSORS |= {"pytorch_grad_cam", "diffusers"}
SQL = frozenset({"sqlalchemy", "alembic", "psycopg", "psycopg2", "sqlite3"})
PICKLES = frozenset({"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"})
HEAVY = (
    TENSORS | SQL | {"streamlit", "pandas", "scipy", "skimage", "sklearn", "plotly", "reportlab"}
)


@dataclass(frozen=True)
class Import:
    """One imported name: `from a.b import c` is `a.b.c`."""

    name: str
    line: int
    lazy: bool  # inside a function
    typing: bool  # under `if TYPE_CHECKING`

    @property
    def library(self) -> str:
        return self.name.split(".")[0]


def module_of(path: str) -> str:
    """The dotted name of a source file, as an import would say it."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def room_of(module: str) -> str | None:
    """The room of a project module, or None where the name is no part of the project."""
    parts = module.split(".")
    if parts[0] in OUTSIDE:
        return parts[0]
    if parts[0] == "cervix_models" and len(parts) > 1:
        return parts[1]
    return None


def storey_of(room: str) -> int | None:
    """How far a room stands below the roof, or None for a room that has no place yet."""
    return next((number for number, rooms in enumerate(STOREYS) if room in rooms), None)


def imports_of(path: str, source: str) -> list[Import]:
    """Every import of a file, relative ones resolved."""
    return list(_walk(ast.parse(source).body, path, lazy=False, typing=False))


def _walk(nodes: list[ast.stmt], path: str, *, lazy: bool, typing: bool) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, lazy, typing)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, path)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno, lazy, typing)
        else:
            inner = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for name, block in ast.iter_fields(node):
                checked = name == "body" and isinstance(node, ast.If) and _is_typing(node.test)
                yield from _walk(_statements(block), path, lazy=inner, typing=typing or checked)


def _statements(block: object) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for item in block if isinstance(block, list) else []:
        if isinstance(item, ast.stmt):
            found.append(item)
        elif isinstance(item, ast.ExceptHandler | ast.match_case):
            found.extend(item.body)
    return found


def _is_typing(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _base(node: ast.ImportFrom, path: str) -> str:
    if not node.level:
        return node.module or ""
    package = path.removesuffix(".py").split("/")[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def wrong_direction(path: str, source: str) -> list[str]:
    """Complaints over imports that go up the house, or through a wall."""
    module = module_of(path)
    room = room_of(module)
    if room is None:
        return []
    storey = storey_of(room)
    if storey is None:
        return [f"{path}: the room {room!r} has no storey; give it one in tests/house/imports.py"]
    found = []
    for each in imports_of(path, source):
        target = room_of(each.name)
        below = None if target is None else storey_of(target)
        if target is None or below is None or target == room:
            continue
        if below < storey:
            found.append(f"{path}:{each.line}: {room} imports {target}, which stands above it")
        if target == "training" and room not in TRAINERS:
            found.append(
                f"{path}:{each.line}: training is for the worker and the command line only"
            )
        found.extend(f"{path}:{each.line}: {wall}" for wall in _walls(room, target))
    return found


def _walls(room: str, target: str) -> Iterator[str]:
    if target == "storage" and room not in STORAGE_CALLERS:
        yield f"{room} imports storage, which only services and the command line may"
    if room == "storage" and target not in STORAGE_KNOWS:
        yield f"storage imports {target}, which it has no business with"
    if room in SCREENS and target not in SCREENS_KNOW:
        yield f"{room} imports {target} past the services"
    if target in SCREENS and room not in SCREENS:
        yield f"{room} imports {target}, and only screens know screens"


def wrong_library(path: str, source: str) -> list[str]:
    """Complaints over libraries that have no place in this file's room."""
    room = room_of(module_of(path))
    found = []
    for each in imports_of(path, source):
        at = f"{path}:{each.line}"
        if each.library == "streamlit" and room not in SCREENS:
            found.append(f"{at}: Streamlit stands only in app.py, ui/ and pages/")
        if each.library in SQL and room != "storage":
            found.append(f"{at}: {each.library} stands only in storage/")
        if each.library in TENSORS and room in (*SCREENS, "storage"):
            found.append(f"{at}: {each.library} stands neither in the screens nor in storage/")
        if each.library in PICKLES:
            found.append(f"{at}: {each.library} runs what it reads; weights are safetensors")
    return found


def libraries(sources: Mapping[str, str]) -> dict[str, str]:
    """The libraries that are imported anywhere, each with a file that does."""
    return {
        each.library: path
        for path, source in sources.items()
        for each in imports_of(path, source)
        if each.library not in sys.stdlib_module_names and each.library not in OURS
    }


def not_required(wanted: Mapping[str, str], required: Set[str]) -> dict[str, str]:
    """Those of `wanted` that no distribution in `required` brings by that import name, or has that
    name itself, such as one that is not installed because nobody needs it here."""
    brings = packages_distributions()
    return {
        library: path
        for library, path in wanted.items()
        if not required & {distribution(each) for each in (library, *brings.get(library, ()))}
    }


def reached(start: str, sources: Mapping[str, str]) -> frozenset[str]:
    """The libraries that importing `start` loads, through every project file it pulls in."""
    files = {module_of(path): path for path in sources}
    waiting, seen, libraries = [start], set(), set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for each in imports_of(path, sources[path]):
            if each.lazy or each.typing:
                continue
            parts = each.name.split(".")
            names = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
            inside = [files[name] for name in names if name in files]
            waiting.extend(inside)
            if room_of(each.name) is None and each.library != "cervix_models":
                libraries.add(each.library)
    return frozenset(libraries)
