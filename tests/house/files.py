"""The project's own files, and the rules on their size, place and words."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 1024 * 1024
LARGEST_FILE = 16 * MEGABYTE
LARGEST_WEIGHTS = 40 * MEGABYTE

SOURCE_ROOMS = ("app.py", "cervix_models/", "ui/", "pages/", "scripts/")
TEXT = frozenset({".py", ".md", ".toml", ".txt", ".html", ".css", ".js", ".json", ".sh", ".ini"})
TEXT |= {".mako", ".yml", ".yaml", ".svg", ".csv"}
TEXT_NAMES = frozenset({"Makefile", "run", ".gitignore"})
WEIGHT_FILES = frozenset({".safetensors", ".npz", ".json", ".md", ".txt"})

# Folders that exist on one person's machine: no path of the project starts in them.
ELSEWHERE = re.compile(r"(?<![\w.:/-])/(?:home|root|work|Users|mnt|media|scratch)/\w")


def project_files() -> list[str]:
    """Every file that git holds or would add, by its path from the project folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return sorted(each for each in set(listed.split("\0")) if each and (ROOT / each).is_file())


def python_files() -> dict[str, str]:
    """The text of every Python file, tests too, by its path."""
    return {
        path: (ROOT / path).read_text("utf-8") for path in project_files() if path.endswith(".py")
    }


def sources() -> dict[str, str]:
    """The text of every source file that is no test, by its path."""
    return {path: text for path, text in python_files().items() if path.startswith(SOURCE_ROOMS)}


def distribution(name: str) -> str:
    """The name of a distribution as the package index compares it: lower case, with hyphens."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements() -> set[str]:
    """The distributions that the requirement files name, in lower case with hyphens."""
    lines = [
        line
        for path in sorted(ROOT.glob("requirements*.txt"))
        for line in path.read_text("utf-8").splitlines()
    ]
    named = [re.match(r"[\w.-]+", line) for line in lines if not line.startswith(("#", "-"))]
    return {distribution(each[0]) for each in named if each}


def is_text(path: str) -> bool:
    """Whether a file is one that people read."""
    return Path(path).suffix in TEXT or Path(path).name in TEXT_NAMES


def paths_of_elsewhere(path: str, text: str) -> list[str]:
    """Complaints over absolute paths of somebody's own machine."""
    return [
        f"{path}:{number}: an absolute path of one machine: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), 1)
        if ELSEWHERE.search(line)
    ]


def too_heavy(sizes: Mapping[str, int]) -> list[str]:
    """Complaints over large files, heavy weights, and weights of another format."""
    found = [
        f"{path}: {size / MEGABYTE:.1f} MB, at most {LARGEST_FILE // MEGABYTE}"
        for path, size in sizes.items()
        if size > LARGEST_FILE
    ]
    weights = {path: size for path, size in sizes.items() if path.startswith("weights/")}
    if sum(weights.values()) > LARGEST_WEIGHTS:
        found.append(
            f"weights/: {sum(weights.values()) / MEGABYTE:.1f} MB, "
            f"at most {LARGEST_WEIGHTS // MEGABYTE}"
        )
    found.extend(
        f"{path}: weights are safetensors and cards json"
        for path in weights
        if Path(path).suffix not in WEIGHT_FILES and Path(path).name != "film.webp"
    )
    return found


def misplaced(paths: list[str]) -> list[str]:
    """Complaints over pages that would be served past the navigation, and over data in git."""
    found = [
        f"{path}: a page stands in a sub-folder of pages/, never directly in it"
        for path in paths
        if re.fullmatch(r"pages/[^/]+\.py", path)
    ]
    found.extend(
        f"{path}: data/ holds only its README and derived tables"
        for path in paths
        if path.startswith("data/") and not path.startswith(("data/README.md", "data/tables/"))
    )
    return found
