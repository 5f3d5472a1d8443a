"""One neuron's position, size, contrast and bar tuning: curves around its best grating, and a map of its field by spots."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from optogram.physiology.electrode import Electrode
from optogram.physiology.gratings import bar, grating, spot

PHASES = np.arange(12) * np.pi / 6


def size_tuning(
    probe: Electrode, orientation: float, frequency: float, radii: Float[np.ndarray, " radius"], contrast: float = 1.0
) -> Float[np.ndarray, "unit radius"]:
    """Each unit's greatest rate over a drift cycle of a grating in a disc of each radius (pixels) around the field's centre.

    Falls for large discs where a surround suppresses the unit.
    """
    shown = [grating(probe.size, orientation, frequency, PHASES, contrast=contrast, centre=probe.centre, radius=radius) for radius in radii]
    return np.stack([probe.respond(pictures).max(0) for pictures in shown], axis=1)


def contrast_tuning(
    probe: Electrode, orientation: float, frequency: float, contrasts: Float[np.ndarray, " contrast"]
) -> Float[np.ndarray, "unit contrast"]:
    """Each unit's greatest rate over a drift cycle at each contrast (0 to 1): a straight line for a linear unit without bias."""
    shown = [grating(probe.size, orientation, frequency, PHASES, contrast=contrast, centre=probe.centre) for contrast in contrasts]
    return np.stack([probe.respond(pictures).max(0) for pictures in shown], axis=1)


def spot_maps(probe: Electrode, radius: float = 1.0, step: int = 1) -> Float[np.ndarray, "sign unit row column"]:
    """Each unit's rate to a white spot (first) and to a black one (second) at every `step`-th place of its field, less its rate to gray.

    White minus black is the field's map: where a linear unit is excited by light, and where by dark.
    """
    seen = probe.box.within(*probe.size)
    rows, columns = np.arange(seen.top, seen.bottom, step), np.arange(seen.left, seen.right, step)
    places = [axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij")]
    rest = probe.respond(np.full((1, *probe.size), 0.5, np.float32))
    maps = []
    for sign in (1.0, -1.0):
        rates = _in_turn(probe, [spot(probe.size, radius, row=row, column=column, contrast=sign) for row, column in zip(*places, strict=True)])
        maps.append((rates - rest).T.reshape(-1, len(rows), len(columns)))
    return np.stack(maps)


def bar_tuning(
    probe: Electrode,
    width: float,
    length: float,
    orientations: Float[np.ndarray, " orientation"],
    offsets: Float[np.ndarray, " offset"],
) -> Float[np.ndarray, "sign unit orientation offset"]:
    """Each unit's rate to a bar of each orientation, moved across the field by each offset (pixels), white first, then black.

    Offset 0 is Hubel and Wiesel's rotating bar; the greatest rate over offsets is what a bar swept over the field evokes.
    """
    rates = np.empty((2, len(probe.units), len(orientations), len(offsets)))
    for sign, contrast in enumerate((1.0, -1.0)):
        for row, orientation in enumerate(orientations):
            shown = bar(probe.size, orientation, width, length, offset=offsets, contrast=contrast, centre=probe.centre)
            rates[sign, :, row] = probe.respond(shown).T
    return rates


def _in_turn(probe: Electrode, pictures: list[np.ndarray]) -> Float[np.ndarray, "stimulus unit"]:
    return probe.respond(np.concatenate(pictures))
