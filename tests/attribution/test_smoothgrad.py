"""SmoothGrad: the gradient where there is no noise, and where noise cannot matter; its mean elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from optogram.attribution._attribute import attribute
from optogram.errors import SettingError
from optogram.testing.attribution import photographs, small


def test_no_noise_is_the_gradient() -> None:
    net, images = small(), photographs()
    np.testing.assert_allclose(
        attribute(net, images, "head:2", "smoothgrad", noise=0.0, samples=3).values, attribute(net, images, "head:2", "gradient").values, atol=1e-6
    )


def test_is_the_mean_over_copies_with_noise_of_the_stated_size() -> None:
    net, images = small(), photographs(2)
    generator = torch.Generator().manual_seed(9)
    spread = 0.2 * (images.flatten(1).amax(1) - images.flatten(1).amin(1)).view(-1, 1, 1, 1)
    total = torch.zeros_like(images)
    for _ in range(5):
        noisy = (images + spread * torch.randn(3, 24, 24, generator=generator)).requires_grad_()
        total += torch.autograd.grad(net.run(noisy)[:, 2].sum(), noisy)[0]
    found = attribute(net, images, "head:2", "smoothgrad", noise=0.2, samples=5, seed=9).values
    np.testing.assert_allclose(found, (total / 5).numpy(), rtol=1e-3, atol=1e-6)
    assert not np.allclose(found, attribute(net, images, "head:2", "smoothgrad", noise=0.2, samples=5, seed=8).values, rtol=1e-3)


def test_settings_that_cannot_be() -> None:
    with pytest.raises(SettingError, match="at least 1 sample"):
        attribute(small(), photographs(), "head:2", "smoothgrad", samples=0)
