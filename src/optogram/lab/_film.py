"""Moving pictures, kept as a GIF: what repeats is drawn once and stands longer, and all share one table of colours."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from PIL import Image

FRAME_MS = 120
"""How long each picture of a film stands; one that is repeated stands longer."""
COLOURS = 255
THIN = 4
"""The table is made from every so manieth pixel of each picture's rows and columns."""


def keep_film(frames: Sequence[Image.Image], path: Path) -> None:
    """Writes the pictures, all of one size, one after the other, as a GIF that begins anew at its end."""
    runs = [list(run) for _, run in groupby(frames, key=id)]
    distinct, lengths = [run[0] for run in runs], [FRAME_MS * len(run) for run in runs]
    table = _table(distinct)
    first, *rest = (frame.convert("RGB").quantize(palette=table, dither=Image.Dither.NONE) for frame in distinct)
    first.save(path, save_all=True, append_images=rest, duration=lengths, loop=0)


def _table(frames: Sequence[Image.Image]) -> Image.Image:
    """A picture with the colours that stand for all of the film's."""
    small = [frame.convert("RGB").resize((-(-frame.width // THIN), -(-frame.height // THIN)), Image.Resampling.NEAREST) for frame in frames]
    whole = Image.new("RGB", (small[0].width, sum(frame.height for frame in small)))
    top = 0
    for frame in small:
        whole.paste(frame, (0, top))
        top += frame.height
    return whole.quantize(COLOURS)
