"""The labs' Adam takes torch's steps."""

from __future__ import annotations

import pytest
import torch

from optogram.lab._descent import Adam


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_steps_are_torch_s_own(decay: float) -> None:
    torch.manual_seed(0)
    target, start = torch.randn(3, 4), [torch.randn(4), torch.randn(3, 1)]
    mine, theirs = ([part.clone().requires_grad_() for part in start] for _ in range(2))

    def loss(parts: list[torch.Tensor]) -> torch.Tensor:
        return ((parts[0] * parts[1] - target) ** 2).sum() + parts[0].abs().sum()

    adam, oracle = Adam(mine, decay), torch.optim.AdamW(theirs, weight_decay=decay)
    for step in range(50):
        rate = 0.1 / (1 + step)
        adam.step(loss(mine), rate)
        oracle.param_groups[0]["lr"] = rate
        oracle.zero_grad()
        loss(theirs).backward()
        oracle.step()
    for one, other, before in zip(mine, theirs, start, strict=True):
        assert torch.allclose(one, other, atol=1e-6)
        assert (one - before).abs().max() > 0.1
