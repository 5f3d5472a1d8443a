"""Grad-CAM++ written out, its alpha from the derivatives of the exponential, and gradients of any size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.attribution.cams import at_site, close, enlarged, ours, refuses

from optogram.attribution.grad_cam_plus_plus import by_place


def test_written_out() -> None:
    a, g = at_site()
    alpha = g**2 / (2 * g**2 + a.sum((2, 3), keepdims=True) * g**3 + (g == 0))
    weights = (alpha * np.maximum(g, 0)).sum((2, 3))
    close(ours("grad_cam_plus_plus"), enlarged(np.einsum("bkhw,bk->bhw", a, weights)))


def test_alpha_is_what_the_second_and_third_derivatives_of_the_exponential_give() -> None:
    """Of y = exp(s), s linear in a: its second derivative over twice that and the sum of A times the third."""
    g, total = torch.tensor(0.7, dtype=torch.double), torch.tensor(1.9, dtype=torch.double)
    a = torch.tensor(0.4, dtype=torch.double, requires_grad=True)
    derivatives = [torch.exp(g * a)]
    for _ in range(3):
        derivatives.append(torch.autograd.grad(derivatives[-1], a, create_graph=True)[0])
    alpha = float((derivatives[2] / (2 * derivatives[2] + total * derivatives[3])).detach())
    activations = torch.tensor([0.4, 1.5], dtype=torch.double).view(1, 1, 1, 2)
    gradients = torch.tensor([0.7, 0.0], dtype=torch.double).view(1, 1, 1, 2)
    assert float((by_place(activations, gradients).detach() / activations).flatten()[0]) == pytest.approx(alpha * 0.7, rel=1e-9)


def test_small_gradients_give_the_same_map() -> None:
    """Cubes of small gradients vanish in single precision; scaled first, they do not."""
    a, g = (torch.from_numpy(part).float() for part in at_site())
    expected = by_place(a.double(), g.double() * 1e-16)
    assert float((by_place(a, g * 1e-16) - expected).abs().max()) < 1e-4 * float(expected.abs().max())


def test_refusals() -> None:
    refuses("grad_cam_plus_plus")
