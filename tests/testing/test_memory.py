"""Bytes are counted where they are made, kept by the graph of gradients, and given back."""

from __future__ import annotations

import torch

from optogram.testing.memory import Living

KIB = 1024


def test_made_and_given_back() -> None:
    with Living() as living:
        one = torch.zeros(256)  # 1 KiB
        two = one + 1
        assert living.now == 2 * KIB
        view = two.view(16, 16)[3:]
        view.add_(1)
        assert living.now == 2 * KIB
        del two
        assert living.now == 2 * KIB  # the view holds it
        del view
        assert living.now == KIB
        for _ in range(5):
            torch.zeros(256)
    assert living.most == 2 * KIB
    del one
    assert living.now == 0


def test_what_a_graph_of_gradients_keeps() -> None:
    x = torch.rand(256, requires_grad=True)
    with Living() as living:
        y = x.exp().exp().exp().sum()
        kept = living.now
        assert kept >= 3 * KIB
        (grad,) = torch.autograd.grad(y, x)
        assert living.most > kept
        assert grad.numel() == 256
        del y, grad
    assert living.now == 0
