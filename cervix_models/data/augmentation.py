"""How strongly cells are changed while something learns from them; `transforms` does it."""

from __future__ import annotations

from dataclasses import dataclass

from .bounds import Degrees, Part, Weight


@dataclass(frozen=True)
class Augmentation:
    """The strengths of one training augmentation; zero switches a part off."""

    rotate: Degrees = 180.0  # degrees, uniform in +-rotate
    scale: Weight = 0.15  # log2 of the zoom, uniform in +-scale
    shift: Part = 0.05  # part of the side, uniform in +-shift
    flip: bool = True
    stain: Part = 0.06  # standard deviation of the factor on each stain's density
    brightness: Part = 0.06  # standard deviation of the factor on each channel
    blur: Part = 0.15  # probability of a Gaussian blur of 0.4 to 1.2 px
    noise: Part = 0.01  # standard deviation of added noise, in parts of white
