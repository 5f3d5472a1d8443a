from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st

from optogram.errors import SettingError
from optogram.lab._convolve import convolve, correlate, placed, size
from optogram.lab._sources import squares
from optogram.lab.convolution import _border, _padded
from optogram.zoo.photonet import photonet

Quick = Callable[[str], Any]


@pytest.mark.parametrize(("setting", "outputs"), [((100, 5, 1), 96), ((100, 5, 2), 48), ((100, 4, 2), 49), ((3, 5), 0), ((5, 5), 1)])
def test_sizes_by_hand(setting: tuple[int, ...], outputs: int) -> None:
    assert size(*setting) == outputs


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 5), st.integers(0, 5), st.integers(1, 4))
def test_the_rule_counts_windows(inputs: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    assert size(inputs, kernel, stride, padding, dilation) == placed(inputs, kernel, stride, padding, dilation)


@pytest.mark.parametrize("axes", [1, 2, 3, 4])
def test_as_scipy(axes: int) -> None:
    random = np.random.default_rng(0)
    signal, kernel = random.standard_normal([9, 8, 6, 5][:axes]), random.standard_normal([3, 2, 3, 2][:axes])
    np.testing.assert_allclose(convolve(signal, kernel), scipy.signal.convolve(signal, kernel, mode="valid"), atol=1e-12)
    np.testing.assert_allclose(correlate(signal, kernel), scipy.signal.correlate(signal, kernel, mode="valid"), atol=1e-12)
    assert not np.allclose(convolve(signal, kernel), correlate(signal, kernel))


def test_stride_padding_and_dilation_by_a_loop() -> None:
    random = np.random.default_rng(1)
    signal, kernel = random.standard_normal(20), random.standard_normal(4)
    padded = np.concatenate([np.zeros(3), signal, np.zeros(3)])
    slow = [sum(kernel[j] * padded[i + 2 * j] for j in range(4)) for i in range(0, 26 - 6, 3)]
    np.testing.assert_allclose(correlate(signal, kernel, stride=3, padding=3, dilation=2), slow)


def test_a_stride_of_none_is_refused() -> None:
    with pytest.raises(SettingError, match="at least 1"):
        size(10, 3, 0)


class TestQuick:
    def test_sizes(self, quick: Quick) -> None:
        found = quick("convolution").result
        assert [found[f"size_{name}"] for name in ("100_5_1", "100_5_2", "100_4_2")] == [96, 48, 49]
        assert [found.finding(f"size_{name}").control for name in ("100_5_1", "100_5_2", "100_4_2")] == [96, 48, 49]
        assert found["size_rule"] == 1

    def test_identities(self, quick: Quick) -> None:
        found = quick("convolution").result
        assert max(found[name] for name in ("as_torch", "reversed", "commutes")) < 1e-12

    def test_places_whose_field_lies_inside_see_no_border_and_others_do(self, quick: Quick) -> None:
        found = quick("convolution").result
        for change, inside in zip(found.change, found.inside, strict=True):
            assert change[inside].max() < 1e-5
            assert (change[~inside] > 1e-4).mean() > 0.99
        shares = [inside.mean() for inside in found.inside]
        assert shares == sorted(shares, reverse=True)


def test_a_network_without_padding_has_no_border() -> None:
    from PIL import Image

    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8))
    for network, touched in ((photonet(), False), (_padded(None), True)):
        [(change, _)] = _border(network, [network.site("bn2")], [picture], lambda more: None)
        assert (change.max() > 1e-4) == touched
    assert squares([picture], 64, 3).shape == (1, 3, 64, 64)
