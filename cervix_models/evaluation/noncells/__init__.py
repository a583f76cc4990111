"""Pictures that are no readable single cervical cell, for the gate that must refuse them.

`non_cells` makes pictures of many kinds without a network: drawn by rule, or cut from photographs
that scikit-image and scikit-learn carry in their packages. `spoiled` ruins given cells.
"""

from cervix_models.evaluation.noncells.collection import KINDS, kind_of, non_cells
from cervix_models.evaluation.noncells.spoil import spoiled

__all__ = ["KINDS", "kind_of", "non_cells", "spoiled"]
