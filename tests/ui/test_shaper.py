from cervix_models.data.shapes import CELL_SHAPE, Ellipse
from ui.shaper import ellipse, numbers


def test_a_shape_goes_to_the_browser_and_back() -> None:
    turned = Ellipse(0.4, 0.6, 0.2, 0.1, 30.0)
    assert ellipse(numbers(turned)) == turned
    assert numbers(CELL_SHAPE)[:2] == [0.5, 0.5]


def test_what_the_browser_sends_is_kept_within_bounds() -> None:
    assert ellipse([-3, 7, 0, 9, 725]) == Ellipse(0.0, 1.0, 0.02, 0.6, 5.0)
