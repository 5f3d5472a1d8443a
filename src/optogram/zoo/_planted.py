"""Networks whose units' truth is known, because it was put there: what tests of pictures, maps and claims compare with.

| unit | what is planted |
| --- | --- |
| `wave`, `quarter` | upright stripes, and the same a quarter cycle on: a quadrature pair |
| `negative` | minus `wave` |
| `oblique`, `double` | slanted stripes, twice: two units that are the same |
| `spot`, `checker` | a bright blob; a chequerboard |
| `opponent` | a red spot minus a green one; in the gray network a spot minus its surround |
| `dead` | negative weights and bias: below -1 for every image, so never above zero once rectified |
| `constant` | no weights: .5 for every image |
| `energy` | `wave`^2 + `quarter`^2: stripes of any phase |
| `any_of` | the greatest of `wave`, `oblique`, `spot`: three things drive it, alone or together |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float

from optogram.zoo._templates_module import SIDE, TemplatesModule, blob, checker, unit_length, wave

if TYPE_CHECKING:
    from optogram.network.network import Network

PAIR = ("wave", "quarter")
ANY_OF = ("wave", "oblique", "spot")
CLASSES = ("energy", "oblique", "spot", "checker")
"""The head's classes: each is the mean over places of the unit of that name, rectified."""
BIAS = {"dead": -1.0, "constant": 0.5}
IMAGE = 32
"""Side of the network's images, in pixels."""


@dataclass(frozen=True)
class Planted:
    """A network and what its units were made to respond to.

    `truth`: by unit, the template [channel, 12, 12], of length 1, or for `energy` and `any_of` all its templates
    [template, channel, 12, 12]. `addresses`: by unit, where it is. `biases`: by unit, 0 for most.
    """

    network: Network
    truth: Mapping[str, Float[np.ndarray, "*template channel 12 12"]]
    addresses: Mapping[str, str]
    biases: Mapping[str, float]


def planted(channels: Literal[1, 3] = 3) -> Planted:
    """The network of the table above for images of 32x32, RGB or gray, its weights set by hand; costs next to nothing."""
    from optogram.images.preprocess import Preprocess
    from optogram.network.network import Network

    patterns = _patterns(channels)
    names = list(patterns)
    places = {name: index for index, name in enumerate([*names, "energy", "any_of"])}
    module = TemplatesModule(
        np.stack(list(patterns.values())),
        np.array([BIAS.get(name, 0.0) for name in names]),
        pair=(places[PAIR[0]], places[PAIR[1]]),
        any_of=tuple(places[name] for name in ANY_OF),
        classes=tuple(places[name] for name in CLASSES),
    )
    network = Network(module, Preprocess(size=IMAGE), CLASSES, name="templates" if channels == 3 else "templates_gray")
    truth = {**patterns, "energy": np.stack([patterns[name] for name in PAIR]), "any_of": np.stack([patterns[name] for name in ANY_OF])}
    addresses = {name: f"templates:{index}" for index, name in enumerate(names)} | {"energy": "energy:0", "any_of": "any_of:0"}
    return Planted(network, truth, addresses, {name: BIAS.get(name, 0.0) for name in truth})


def box_optimum(template: Float[np.ndarray, "channel 12 12"], bias: float = 0.0) -> tuple[Float[np.ndarray, "channel 12 12"], float]:
    """The patch in 0..1 that drives a linear template most, and its response.

    max of <w, x> + b over 0 <= x <= 1 is reached at x = 1 where w > 0 and 0 where w < 0, where it is sum(max(w, 0)) + b;
    pixels of weight 0 do not matter and are given as .5.
    """
    patch = np.where(template > 0, 1.0, np.where(template < 0, 0.0, 0.5))
    return patch, float(np.maximum(template, 0).sum() + bias)


def _patterns(channels: int) -> dict[str, Float[np.ndarray, "channel 12 12"]]:
    """Each template unit's weights, by name and in the order of the units."""
    gray = np.ones(channels)
    contrast = np.array([1.0, -1.0, 0.0]) if channels == 3 else gray
    opponent = blob(2.0) if channels == 3 else blob(1.5) / blob(1.5).sum() - blob(3.0) / blob(3.0).sum()
    upright, slanted = _coloured(wave(3, 0), gray), _coloured(wave(2, 2), gray)
    return {
        "wave": upright,
        "quarter": _coloured(wave(3, 0, np.pi / 2), gray),
        "negative": -upright,
        "oblique": slanted,
        "double": slanted.copy(),
        "spot": _coloured(blob(2.0), gray),
        "checker": _coloured(checker(2), gray),
        "opponent": _coloured(opponent, contrast),
        "dead": _coloured(-np.ones((SIDE, SIDE)), gray),
        "constant": np.zeros((channels, SIDE, SIDE)),
    }


def _coloured(pattern: Float[np.ndarray, "12 12"], colour: Float[np.ndarray, " channel"]) -> Float[np.ndarray, "channel 12 12"]:
    return unit_length(colour[:, None, None] * pattern)
