"""Input times gradient is exact for a network without biases, which is linear along the ray to black."""

from __future__ import annotations

import numpy as np
import torch
from tests.attribution.oracle import SIDE, by_hand, chain

from optogram.attribution._attribute import attribute
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import Small, photographs


def test_sums_to_the_response_where_there_is_no_bias() -> None:
    net = chain()
    with torch.no_grad():
        for layer in (net.module.a, net.module.b, net.module.c):
            layer.bias.zero_()
    image = np.random.default_rng(0).random((1, SIDE, SIDE))
    found = attribute(net, image, "c:1", "input_x_gradient")
    np.testing.assert_allclose(found.values.sum(), found.responses[0], rtol=1e-5)
    np.testing.assert_allclose(found.values[0], image * by_hand(net, image, 1, lambda z, grad: (z > 0) * grad), rtol=1e-5)


def test_counts_from_black_before_normalisation() -> None:
    net = Network(Small(), Preprocess(size=12, mean=0.4, std=0.3))
    images = photographs(2, 3, 12, 12)
    images[:, :, 3] = 0
    found = attribute(net, images, "head:1", "input_x_gradient").values
    assert not found[:, :, 3].any()
    np.testing.assert_allclose(found, images.numpy() * attribute(net, images, "head:1", "gradient").values, atol=1e-7)
