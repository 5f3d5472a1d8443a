from __future__ import annotations

import pytest
import torch

from optogram.synthesis.optimisers import Adam, Ascent, row_size


def test_adam_is_torch_adam_row_by_row_uphill() -> None:
    torch.manual_seed(0)
    mine = [torch.randn(3, 4, 5), torch.randn(3, 2)]
    theirs = [[torch.nn.Parameter(part[row].clone()) for part in mine] for row in range(3)]
    reference = [torch.optim.Adam(row, lr=0.03, betas=(0.8, 0.95), eps=1e-12, maximize=True) for row in theirs]
    walk = Adam(0.03, (0.8, 0.95), eps=1e-12).begin(mine)
    for _ in range(12):
        gradients = [torch.randn_like(part) * 1e-3 for part in mine]
        walk.step(mine, gradients, row_size(gradients))
        for row in range(3):
            for parameter, gradient in zip(theirs[row], gradients, strict=True):
                parameter.grad = gradient[row].clone()
            reference[row].step()
    for row in range(3):
        for part, parameter in zip(mine, theirs[row], strict=True):
            assert torch.allclose(part[row], parameter, atol=1e-5)


@pytest.mark.parametrize("optimiser", [Adam(0.05), Ascent(0.01)])
def test_the_size_of_a_gradient_does_not_matter(optimiser: Adam | Ascent) -> None:
    torch.manual_seed(0)
    start = torch.randn(1, 6).repeat(2, 1)
    moving = [start.clone()]
    walk = optimiser.begin(moving)
    for _ in range(5):
        gradient = torch.randn(1, 6).repeat(2, 1) * torch.tensor([[1.0], [1e-9]])
        walk.step(moving, [gradient], row_size([gradient]))
    assert torch.allclose(moving[0][0], moving[0][1], atol=1e-4)
    assert not torch.allclose(moving[0], start)


@pytest.mark.parametrize("optimiser", [Adam(0.05), Ascent(0.01)])
def test_a_row_without_gradient_stays(optimiser: Adam | Ascent) -> None:
    moving = [torch.ones(2, 3)]
    walk = optimiser.begin(moving)
    gradient = torch.tensor([[0.0, 0, 0], [1, 2, 3]])
    walk.step(moving, [gradient], row_size([gradient]))
    assert torch.equal(moving[0][0], torch.ones(3))
    assert (moving[0][1] > 1).all()


def test_ascent_steps_have_the_length_of_the_rate() -> None:
    moving = [torch.zeros(2, 3, 4), torch.zeros(2, 5)]
    gradients = [torch.randn(2, 3, 4), torch.randn(2, 5)]
    Ascent(0.25).begin(moving).step(moving, gradients, row_size(gradients))
    assert row_size(moving) == pytest.approx([0.25, 0.25])
