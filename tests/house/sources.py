"""What stands in one source file, and the house rules that it must keep."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

LONGEST_FILE = 400
LONGEST_FUNCTION = 60

Function = ast.FunctionDef | ast.AsyncFunctionDef
UNPICKLERS = frozenset(
    {"torch.load", "pd.read_pickle", "pandas.read_pickle", "np.lib.format.read_array"}
)


def too_long(path: str, source: str) -> list[str]:
    """Complaints over a file or a function that is too long to be read at once."""
    lines = source.count("\n") + 1
    found = [f"{path}: {lines} lines, at most {LONGEST_FILE}"] if lines > LONGEST_FILE else []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                at = f"{path}:{node.lineno}: {node.name}"
                found.append(f"{at} has {length} lines, at most {LONGEST_FUNCTION}")
    return found


def forbidden_statements(path: str, source: str) -> list[str]:
    """Complaints over print, assert, unpickling and handlers that say nothing."""
    found = []
    for node in ast.walk(ast.parse(source)):
        at = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Assert):
            found.append(f"{at}: assert vanishes under -O; raise an error of errors.py")
        elif isinstance(node, ast.ExceptHandler) and _says_nothing(node):
            found.append(f"{at}: a handler that says nothing")
        elif isinstance(node, ast.Call):
            found.extend(f"{at}: {reason}" for reason in _forbidden_call(node))
    return found


def _says_nothing(node: ast.ExceptHandler) -> bool:
    broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
    return broad and all(isinstance(each, ast.Pass | ast.Continue) for each in node.body)


def _forbidden_call(node: ast.Call) -> Iterator[str]:
    called = ast.unparse(node.func)
    if called == "print":
        yield "print; use logging"
    if called in UNPICKLERS:
        yield f"{called} runs what it reads; weights are safetensors"
    for keyword in node.keywords:
        if keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False":
            yield f"{called} with allow_pickle runs what it reads"


def undocumented(path: str, source: str) -> list[str]:
    """Complaints over public functions and classes without a docstring or without type hints."""
    found = []
    for node in _public(ast.parse(source).body):
        dunder = node.name.startswith("__")
        if not dunder and not _decorated(node, "override") and not ast.get_docstring(node):
            found.append(f"{path}:{node.lineno}: {node.name} has no docstring")
        if isinstance(node, Function):
            found.extend(f"{path}:{node.lineno}: {node.name}: {gap}" for gap in _untyped(node))
    return found


def _public(nodes: Iterable[ast.stmt]) -> Iterator[Function | ast.ClassDef]:
    for node in nodes:
        if isinstance(node, Function | ast.ClassDef):
            private = node.name.startswith("_") and not node.name.startswith("__")
            if private or _decorated(node, "overload"):
                continue
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body)
        elif isinstance(node, ast.If | ast.Try):
            yield from _public(node.body)


def _decorated(node: Function | ast.ClassDef, name: str) -> bool:
    return any(ast.unparse(each).split(".")[-1] == name for each in node.decorator_list)


def _untyped(node: Function) -> Iterator[str]:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    given += [each for each in (node.args.vararg, node.args.kwarg) if each]
    for each in given:
        if each.annotation is None and each.arg not in ("self", "cls"):
            yield f"{each.arg} has no type"
    if node.returns is None:
        yield "what it returns has no type"


def classes_defined(source: str) -> list[str]:
    """The names of the classes of a file."""
    return [each.name for each in ast.parse(source).body if isinstance(each, ast.ClassDef)]


def names_raised(source: str) -> set[str]:
    """The names of what a file raises: `raise X(...)`, `raise errors.X` and `raise X from y`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and node.exc is not None:
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            found.add(ast.unparse(called).split(".")[-1])
    return found
