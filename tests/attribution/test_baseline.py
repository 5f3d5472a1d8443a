"""What stands for absence: blurs beside SciPy's, noise from the seed, a mean that is each photograph's and channel's own."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage

from optogram.attribution._attribute import laid_out
from optogram.attribution._baseline import baseline_of
from optogram.attribution._question import Question
from optogram.attribution._target import read_target
from optogram.testing.attribution import photographs, small

IMAGES = photographs(2, 3, 28, 42)


def base(name: str, seed: int = 0) -> np.ndarray:
    net = laid_out(small())
    return baseline_of(Question(net, IMAGES, read_target(net, "head:2"), "test", seed=seed), IMAGES, name).numpy()


def test_the_blur_is_a_gaussian_of_a_fourteenth_of_the_shorter_side_with_the_border_repeated() -> None:
    expected = ndimage.gaussian_filter(IMAGES.double().numpy(), sigma=(0, 0, 2, 2), mode="nearest", radius=(0, 0, 6, 6))
    np.testing.assert_allclose(base("blur"), expected, atol=1e-5)


def test_noise_comes_from_the_seed_and_is_the_same_for_all_photographs() -> None:
    expected = torch.rand(3, 28, 42, generator=torch.Generator().manual_seed(3)).numpy()
    np.testing.assert_array_equal(base("noise", seed=3), np.stack([expected, expected]))
    assert not np.array_equal(base("noise", seed=3), base("noise", seed=4))


def test_the_mean_is_each_photographs_and_each_channels_own() -> None:
    expected = np.broadcast_to(IMAGES.numpy().mean((2, 3), keepdims=True), IMAGES.shape)
    np.testing.assert_allclose(base("mean"), expected, rtol=1e-5)
