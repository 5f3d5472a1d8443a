"""Exemplars in a notebook: patches with activations below; with the pointer over one, its photograph with the receptive field drawn."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from PIL import Image

from optogram.drawing.axis import written
from optogram.drawing.inline import data_uri
from optogram.drawing.paper import Paper
from optogram.drawing.theme import LIGHT
from optogram.exemplars.strip import CELL, by_row, in_colour, shown

if TYPE_CHECKING:
    from optogram.exemplars.exemplar import Exemplar, Exemplars

WHOLE = 240
"""Pixels of the photograph's longer side."""

STYLE = (
    "<style>.optogram-seen{position:relative;display:inline-block}"
    ".optogram-seen>span{display:none;position:absolute;z-index:9;left:0;top:100%;padding:4px;background:#fff;border:1px solid #999}"
    ".optogram-seen:hover>span,.optogram-seen:focus>span{display:block}</style>"
)


def as_html(exemplars: Exemplars) -> str:
    """The strip as plain HTML: a row, or a row for each quantile. Keys reach what the pointer does."""
    rows = "".join(f"<tr>{''.join(_cell(exemplar) for exemplar in row)}</tr>" for row in by_row(exemplars))
    return f"{STYLE}<table><caption>{html.escape(exemplars.title)}</caption><tbody>{rows}</tbody></table>"


def whole(exemplar: Exemplar) -> Image.Image:
    """The photograph, made small, with the box that the neuron sees; what of the box lies outside the photograph is not drawn."""
    pixels = in_colour(exemplar.photograph)
    height, width = pixels.shape[:2]
    scale = WHOLE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = Image.Resampling.NEAREST if scale > 4 else Image.Resampling.BICUBIC
    paper = Paper(*size, LIGHT, scale=1)
    paper.image = Image.fromarray(pixels).resize(size, method)
    box = exemplar.box.within(height, width)
    left, top, right, bottom = box.left * size[0] / width, box.top * size[1] / height, box.right * size[0] / width, box.bottom * size[1] / height
    paper.box(left, top, right, bottom, outline=LIGHT.surface, width=4)
    paper.box(left + 1, top + 1, right - 1, bottom - 1, outline=LIGHT.ink, width=2)
    return paper.image


def _cell(exemplar: Exemplar) -> str:
    text = html.escape(str(exemplar), quote=True)
    patch = f'<img alt="{text}" title="{text}" style="height:{CELL:.0f}px;image-rendering:auto" src="{data_uri(Image.fromarray(shown(exemplar)))}">'
    field = html.escape(f"{exemplar.image}, with the receptive field", quote=True)
    over = f'<span><img alt="{field}" style="max-width:none" src="{data_uri(whole(exemplar), "JPEG")}"><br>{html.escape(exemplar.image)}</span>'
    return f'<td style="text-align:center"><span class="optogram-seen" tabindex="0">{patch}{over}</span><br>{written(exemplar.activation)}</td>'
