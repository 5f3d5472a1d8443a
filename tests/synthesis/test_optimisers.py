from __future__ import annotations

import pytest
import torch

from optogram.synthesis.optimisers import Adam, Ascent, Constant, Nadam, Progress, row_size


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


def test_nadam_is_torch_nadam_row_by_row_uphill() -> None:
    mine = [torch.randn(2, 4, 5)]
    theirs = [torch.nn.Parameter(mine[0][row].clone()) for row in range(2)]
    reference = [torch.optim.NAdam([row], lr=0.3, eps=1e-12, momentum_decay=4e-3, maximize=True) for row in theirs]
    walk = Nadam(0.3, eps=1e-12).begin(mine)
    for _ in range(12):
        gradient = torch.randn_like(mine[0]) * 1e-2
        walk.step(mine, [gradient], row_size([gradient]))
        for row in range(2):
            theirs[row].grad = gradient[row].clone()
            reference[row].step()
    for row in range(2):
        assert torch.allclose(mine[0][row], theirs[row], atol=1e-5)


@pytest.mark.parametrize("optimiser", [Adam(0.05), Nadam(0.3)])
def test_a_row_that_joins_later_moves_as_it_would_alone(optimiser: Adam | Nadam) -> None:
    gradients = torch.randn(9, 2, 6)
    alone, joined = [torch.zeros(1, 6)], [torch.zeros(2, 6)]
    by_itself, together = optimiser.begin(alone), optimiser.begin(joined)
    for step in range(4):
        together.step(joined, [gradients[step]], row_size([gradients[step]]))
    together.keep(torch.tensor([1]), 1)
    joined = [torch.cat([joined[0][1:], torch.zeros(1, 6)])]
    for step in range(4, 9):
        together.step(joined, [gradients[step]], row_size([gradients[step]]))
        by_itself.step(alone, [gradients[step, 1:]], row_size([gradients[step, 1:]]))
    assert torch.allclose(joined[0][1], alone[0][0], atol=1e-6)


def test_plain_steps_and_steps_of_progress_on_a_linear_objective() -> None:
    weights, moving = torch.randn(1, 3, 4), [torch.zeros(1, 3, 4)]
    Constant(0.5).begin(moving).step(moving, [weights], row_size([weights]))
    assert torch.allclose(moving[0], 0.5 * weights)
    before = (moving[0] * weights).sum()
    Progress(2.0).begin(moving).step(moving, [weights], row_size([weights]))
    assert ((moving[0] * weights).sum() - before).item() == pytest.approx(2, rel=1e-5)


def test_a_cosine_ends_at_no_step() -> None:
    rates = [Adam(0.1, cosine=10).shares(age)[0] * (1 - 0.9**age) for age in (1, 6, 11, 30)]
    assert rates == pytest.approx([0.1, 0.05, 0, 0])
