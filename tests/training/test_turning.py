"""What a critic is shown: turned cells, and cells disturbed in a way that gradients pass."""

from __future__ import annotations

import torch

from cervix_models.training.turning import all_ways, disturbed, turned


def _draw() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_all_eight_orientations_occur_and_nothing_else() -> None:
    picture = torch.arange(9.0).view(1, 1, 3, 3)
    wanted = {
        tuple(torch.rot90(each, k, (2, 3)).flatten().tolist())
        for each in (picture, picture.flip(3))
        for k in range(4)
    }
    seen = turned(picture.expand(200, 1, 3, 3), _draw())
    assert {tuple(each.flatten().tolist()) for each in seen} == wanted
    assert len(wanted) == 8
    assert {tuple(each.flatten().tolist()) for each in all_ways(picture)} == wanted
    assert torch.equal(all_ways(seen)[:200], seen)


def test_pictures_are_disturbed_each_in_its_own_way_and_again_alike() -> None:
    images = torch.rand(1, 3, 64, 64, generator=_draw()).expand(64, 3, 64, 64)
    seen = disturbed(images, _draw())
    assert seen.shape == images.shape
    kept = [torch.equal(each, images[0]) for each in seen]
    assert 1 <= sum(kept) <= 20  # by each of three disturbances half of them are passed over
    other = [each for each, same in zip(seen, kept, strict=True) if not same]
    same = sum(torch.equal(a, b) for i, a in enumerate(other) for b in other[:i])
    assert same <= 3  # there are only so many ways to be moved
    assert torch.equal(seen, disturbed(images, _draw()))


def test_a_hole_and_a_shift_leave_no_more_than_the_rest() -> None:
    seen = disturbed(torch.ones(64, 3, 16, 16), _draw())
    empty = (seen == 0).all(1).flatten(1).float().mean(1)
    assert empty.max() <= 0.25 + 2 / 8 + 0.02  # a hole of a quarter, and an eighth at two sides
    assert (empty > 0.1).float().mean() > 0.4


def test_gradients_pass() -> None:
    images = torch.rand(8, 3, 16, 16, generator=_draw()).requires_grad_()
    disturbed(images, _draw()).square().sum().backward()
    assert images.grad is not None
    assert images.grad.isfinite().all()
    assert (images.grad.abs().amax((1, 2, 3)) > 0.1).all()
