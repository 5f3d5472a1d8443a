"""Deconvnet against the matrices: positive gradients pass whether the rectifier was open or not."""

from __future__ import annotations

import numpy as np
import pytest
import torch.nn.functional as F
from tests.attribution.oracle import SIDE, by_hand, chain
from torch import nn

from optogram.attribution._attribute import attribute
from optogram.errors import NotDefinedError

IMAGE = np.random.default_rng(0).random((1, SIDE, SIDE))


@pytest.mark.parametrize("rectifier", [F.relu, nn.ReLU(inplace=True), nn.ReLU6()])
def test_against_the_matrices(rectifier: object) -> None:
    net = chain(rectifier)
    expected = by_hand(net, IMAGE, 1, lambda z, grad: np.maximum(grad, 0))
    np.testing.assert_allclose(attribute(net, IMAGE, "c:1", "deconvnet").values[0], expected, rtol=1e-5)
    guided = by_hand(net, IMAGE, 1, lambda z, grad: (z > 0) * np.maximum(grad, 0))
    assert not np.allclose(expected, guided)


def test_smooth_ones_are_refused() -> None:
    with pytest.raises(NotDefinedError, match="deconvnet is defined for rectifiers; this network has 2 SiLU and no ReLU"):
        attribute(chain(nn.SiLU()), IMAGE, "c:1", "deconvnet")
    assert attribute(chain(nn.SiLU()), IMAGE, "c:1", "deconvnet", rule="generalised").generalised
