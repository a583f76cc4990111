"""The disturbances as sliders, for a page that shall not load what applies them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Slider:
    """One disturbance: the ends of its scale, and the strength that changes nothing."""

    name: str  # as in evaluation.disturbances
    title: str
    unit: str
    low: float
    high: float
    step: float
    neutral: float


SLIDERS = (
    Slider("blur", "Blur", "px", 0.0, 6.0, 0.5, 0.0),
    Slider("stain", "Stain", "×", 0.4, 2.0, 0.1, 1.0),
    Slider("light", "Light", "×", 0.4, 1.6, 0.1, 1.0),
    Slider("jpeg", "JPEG quality", "", 5.0, 100.0, 5.0, 100.0),
    Slider("resolution", "Pixels across", "px", 16.0, 160.0, 8.0, 160.0),
)
