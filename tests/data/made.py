"""Small data sets in the real layouts, with real names and tiny generated images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

HERLEV_GROUND = (255, 0, 0)
HERLEV_CYTOPLASM = (0, 0, 128)
HERLEV_NUCLEUS = (0, 0, 255)
HERLEV_UNKNOWN = (128, 128, 128)


def pixels(seed: int, width: int = 40, height: int = 30) -> np.ndarray:
    """A pinkish picture that differs for every seed."""
    noise = np.random.default_rng(seed).integers(-20, 20, (height, width, 3))
    return (np.array([200, 150, 180]) + noise).astype(np.uint8)


def save(path: Path, seed: int, width: int = 40, height: int = 30) -> Path:
    """The path of a picture written in the format its suffix names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(seed, width, height)).save(path)
    return path


def write_contour(path: Path, points: list[tuple[float, float]]) -> Path:
    """The path of an outline written as the download has them: `x,y` a line."""
    path.write_text("".join(f"{x},{y}\n" for x, y in points), encoding="utf-8")
    return path


def square(x0: float, y0: float, x1: float, y1: float) -> list[tuple[float, float]]:
    """The corners of a box as a closed outline."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def sipakmed_crops(root: Path, suffix: str = ".jpg", clusters: int = 2, cells: int = 2) -> Path:
    """`<Class>/NNN_MM`, five classes."""
    seed = 0
    for label in (
        "Dyskeratotic",
        "Koilocytotic",
        "Metaplastic",
        "Parabasal",
        "Superficial-Intermediate",
    ):
        for cluster in range(1, clusters + 1):
            for cell in range(1, cells + 1):
                save(root / label / f"{cluster:03d}_{cell:02d}{suffix}", seed)
                seed += 1
    return root


def sipakmed_full(root: Path, *, beside: bool = False) -> Path:
    """`im_<Class>/im_<Class>/NNN.bmp`, `CROPPED/NNN_MM.bmp`, and outlines beside field or crop."""
    for number, label in enumerate(("Koilocytotic", "Superficial-Intermediate")):
        inner = root / f"im_{label}" / f"im_{label}"
        save(inner / "012.bmp", 100 + number, 200, 150)
        # Outline 60..79 x 50..59 in the field: the crop is 10 pixels more on each side.
        save(inner / "CROPPED" / "012_01.bmp", number, 40, 30)
        shift = (50, 40) if beside else (0, 0)
        folder, names = (
            (inner / "CROPPED", ("012_01_cyt.dat", "012_01_nuc.dat"))
            if beside
            else (inner, ("012_cyt01.dat", "012_nuc01.dat"))
        )
        box, core = (60.0, 50.0, 79.0, 59.0), (66.0, 52.0, 72.0, 57.0)
        for name, (x0, y0, x1, y1) in zip(names, (box, core), strict=True):
            dx, dy = shift
            write_contour(folder / name, square(x0 - dx, y0 - dy, x1 - dx, y1 - dy))
    return root


def herlev(root: Path, suffix: str = ".png") -> Path:
    """`<class>/NAME` with `NAME-d`; two captures a class, two cells in the first."""
    names = ("149143370-149143378-001", "149143370-149143378-002", "209307421-209307597-001")
    for number, label in enumerate(("carcinoma_in_situ", "normal_columnar")):
        for cell, name in enumerate(names):
            save(root / label / f"{name}{suffix}", 10 * number + cell)
            mask = np.full((30, 40, 3), HERLEV_GROUND, np.uint8)
            mask[5:25, 5:35] = HERLEV_CYTOPLASM
            mask[10:20, 15:25] = HERLEV_NUCLEUS
            mask[0, :] = HERLEV_UNKNOWN
            Image.fromarray(mask).save(root / label / f"{name}-d{suffix}")
    return root


def cric(root: Path) -> Path:
    """Two fields and their nuclei.csv."""
    first, second = "008df697b9283d9ad4774096584d2efb", "03f5d5ec88161b9365bea549d7ce92cd"
    save(root / f"{first}.jpg", 1, 120, 90)
    save(root / f"{second}.jpg", 2, 120, 90)
    lines = ["image,cell_id,bethesda,x,y", f"{first}.jpg,5421,LSIL,58.8,39.1"]
    lines.append(f"{second}.jpg,5422,Negative for intraepithelial lesion,11.0,47.2")
    (root / "nuclei.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def cric_fields(root: Path) -> Path:
    """The folder `root` with two fields of noise of 300x200 and three nuclei, two at the border."""
    root.mkdir(parents=True)
    random = np.random.default_rng(0)
    for name in ("a.png", "b.png"):
        Image.fromarray(random.integers(0, 256, (200, 300, 3), np.uint8)).save(root / name)
    lines = ["image,cell_id,bethesda,x,y", "a.png,1,LSIL,150,100", "a.png,2,HSIL,2,3"]
    lines.append("b.png,3,Negative for intraepithelial lesion,299,199")
    (root / "nuclei.csv").write_text("\n".join(lines) + "\n")
    return root
