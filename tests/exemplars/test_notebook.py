"""Exemplars in a notebook: with the pointer over a patch its photograph, and the receptive field where it is."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import torch
from PIL import Image
from torch import nn

import optogram as og
from optogram.drawing.theme import LIGHT, rgb
from optogram.exemplars.notebook import WHOLE, whole

SIDE = 24


def one_bright_pixel() -> tuple[og.Network, np.ndarray]:
    """A 3x3 mean, and photographs whose one bright pixel it finds."""
    layer = nn.Conv2d(3, 1, 3, bias=False)
    with torch.no_grad():
        layer.weight.fill_(1.0)
    photographs = np.full((4, SIDE, SIDE, 3), 90, np.uint8)
    for number in range(4):
        photographs[number, 5 + 3 * number, 12] = 255
    return og.Network(layer, og.Preprocess(size=SIDE)), photographs


def test_the_receptive_field_is_drawn_on_the_photograph() -> None:
    net, photographs = one_bright_pixel()
    strongest = og.sweep(net, photographs, progress=False).exemplars("output:0", k=4)
    for exemplar in strongest:
        assert np.array_equal(exemplar.photograph, photographs[exemplar.index])
        box = exemplar.box
        assert (box.height, box.width) == (3, 3)
        assert box.contains(5 + 3 * exemplar.index, 12)
        drawn = np.asarray(whole(exemplar)).astype(int)
        assert drawn.shape == (WHOLE, WHOLE, 3)
        dark = np.argwhere(np.abs(drawn - rgb(LIGHT.ink)).sum(2) < 30)
        scale = WHOLE / SIDE
        expected = np.array([box.top, box.left, box.bottom, box.right]) * scale
        assert np.abs(np.concatenate([dark.min(0), dark.max(0) + 1]) - expected).max() <= 1.5, "the outline is the box, to a pixel of the drawing"


def test_the_strip_holds_every_photograph_and_loads_nothing() -> None:
    net, photographs = one_bright_pixel()
    page = og.sweep(net, photographs, progress=False).exemplars("output:0", k=3)._repr_html_()
    pictures = [Image.open(io.BytesIO(base64.b64decode(data))) for data in re.findall(r'src="data:image/\w+;base64,([^"]+)"', page)]
    assert [picture.size for picture in pictures] == [(3, 3), (WHOLE, WHOLE)] * 3
    assert page.count('tabindex="0"') == 3, "keys reach what the pointer does"
