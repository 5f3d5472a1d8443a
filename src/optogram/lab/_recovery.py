"""One unit recovered again and again, with growing access and a growing number of queries, and how well each template foretells photographs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from optogram.errors import InputError
from optogram.images.folds import fold
from optogram.network.network import Network
from optogram.physiology.access import answers, averaged, foretold, slopes, solved, spiking, strongest, whole_gratings, written
from optogram.physiology.electrode import Electrode, electrode
from optogram.physiology.sta import draw, unit_length

ACCESSES = ("spikes", "noise", "gratings", "exemplars", "equations", "gradients")
"""What is asked of the unit, query by query; weights are read without any."""
MOST_GRADIENTS = 256
MOST_EQUATIONS = 1024
"""Numbers in a field that are solved for at most."""
JUDGED = 1024
"""Patches of photographs, of which no template was made, that templates are judged on."""


@dataclass(frozen=True, eq=False)
class Recovery:
    """`quality` [access, repeat, count]: the correlation of what a template foretells with what the unit answers, over patches of photographs not
    used for it; `others` [access, repeat, count] the same for the other units of its site, on average. NaN where a way was not tried.

    `templates` [access, count, channel, height, width] of the first repeat; `truth` [channel, height, width] read from the weights, `exact` where
    they are an image, else the mean gradient of a copy. `read`, `read_others`: its quality.
    """

    unit: str
    counts: Int[np.ndarray, " count"]
    quality: Float[np.ndarray, "access repeat count"]
    others: Float[np.ndarray, "access repeat count"]
    templates: Float[np.ndarray, "access count channel height width"]
    truth: Float[np.ndarray, "channel height width"]
    exact: bool
    read: float
    read_others: float


def recover(
    network: Network,
    address: str,
    photographs: Float[Tensor, "photo channel height width"],
    kin: Sequence[str],
    *,
    most: int,
    spikes: float,
    repeats: int,
    seed: int,
    advance: Callable[[int], None],
) -> Recovery:
    """Asks one neuron for up to `most` answers in each way, `repeats` times anew."""
    own, all_ = electrode(network, address), electrode(network, f"{network.unit(address).site.address}")
    seen = own.box.within(*own.size)
    known, unseen = _halves(photographs, kin)
    random = np.random.default_rng([seed, 1])
    judged = patches(unseen, (seen.height, seen.width), JUDGED, random)
    flat, said = judged.reshape(len(judged), -1), answers(all_, judged, rectified=False)
    counts = 2 ** np.arange(int(np.log2(most)) + 1)
    found = []
    for number in range(repeats):
        found.append(_asked(own, known, counts, spikes, np.random.default_rng([seed, 2, number])))
        advance(1)
    marked = np.arange(said.shape[1]) == own.units[0].index
    told = np.array([[[_judged(one, flat, said, marked) for one in way] for way in templates] for templates in found])
    weights = written(network, own.units[0])
    exact = weights is not None and weights.shape[1:] == (seen.height, seen.width)
    truth = weights if weights is not None and exact else _copied(found).reshape(judged.shape[1:])
    read = _judged(unit_length(truth.reshape(1, -1))[0], flat, said, marked)
    return Recovery(
        unit=address,
        counts=counts,
        quality=told[..., 0].transpose(1, 0, 2),
        others=told[..., 1].transpose(1, 0, 2),
        templates=found[0].reshape(*found[0].shape[:2], *judged.shape[1:]),
        truth=truth,
        exact=exact,
        read=read[0],
        read_others=read[1],
    )


def patches(
    photographs: Float[Tensor, "photo channel height width"], size: tuple[int, int], count: int, random: np.random.Generator
) -> Float[np.ndarray, "patch channel row column"]:
    """Squares cut out of photographs at random places, each less its own mean over pixels and channels: differences from gray."""
    height, width = photographs.shape[2:]
    if size[0] > height or size[1] > width:
        raise InputError(f"patches of {size[0]}x{size[1]} do not fit into photographs of {height}x{width}")
    which = random.integers(len(photographs), size=count)
    tops, lefts = random.integers(height - size[0] + 1, size=count), random.integers(width - size[1] + 1, size=count)
    pixels = np.asarray(photographs)
    cut = np.stack([pixels[p, :, t : t + size[0], s : s + size[1]] for p, t, s in zip(which, tops, lefts, strict=True)])
    return np.asarray(np.clip(cut - cut.mean((1, 2, 3), keepdims=True), -0.5, 0.5), np.float64)


def _halves(photographs: Tensor, kin: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Photographs to make templates of and others to judge them by; crops of one photograph stay together."""
    groups = np.array([fold(group, 2) for group in kin])
    if not 0 < groups.sum() < len(groups):
        raise InputError(f"templates are judged on photographs that they were not made of; {len(set(kin))} cannot be split in two")
    return photographs[groups == 0], photographs[groups == 1]


def _asked(
    probe: Electrode, known: Tensor, counts: np.ndarray, spikes: float, random: np.random.Generator
) -> Float[np.ndarray, "access count pixel"]:
    """Templates by access and number of queries."""
    seen, channels, most = probe.box.within(*probe.size), probe.network.channels, int(counts[-1])
    size = (seen.height, seen.width)
    noise = draw("white", (most, channels, *size), random).astype(np.float64)
    waves = np.repeat(whole_gratings(size, most, random)[:, None], channels, axis=1)
    cut = patches(known, size, most, random)
    shown = {"noise": noise, "gratings": waves, "exemplars": cut}
    rates = {name: answers(probe, pictures)[:, 0] for name, pictures in shown.items()}
    flat = {name: pictures.reshape(most, -1) for name, pictures in shown.items()}
    counted = spiking(rates["noise"], spikes, random)
    slope = slopes(probe, cut[:MOST_GRADIENTS])
    small = flat["noise"].shape[1] <= MOST_EQUATIONS
    found = np.full((len(ACCESSES), len(counts), flat["noise"].shape[1]), np.nan)
    for place, count in enumerate(counts.tolist()):
        first = {name: (pictures[:count], rates[name][:count]) for name, pictures in flat.items()}
        found[0, place] = averaged(first["noise"][0], counted[:count].astype(float))
        found[1, place] = averaged(*first["noise"])
        found[2, place] = averaged(*first["gratings"])
        found[3, place] = strongest(*first["exemplars"])
        if small:
            found[4, place] = solved(*first["noise"])
        if count <= len(slope):
            found[5, place] = unit_length(slope[:count].mean(0)[None])[0]
    return found


def _copied(found: Sequence[Float[np.ndarray, "access count pixel"]]) -> Float[np.ndarray, " pixel"]:
    """What a copy of the network, which the weights make, says of itself: the mean gradient over all pictures of all repeats."""
    rows = [one[-1][np.isfinite(one[-1]).all(1)][-1] for one in found]
    return np.asarray(unit_length(np.mean(rows, axis=0)[None])[0])


def _judged(template: np.ndarray, flat: np.ndarray, said: np.ndarray, marked: np.ndarray) -> tuple[float, float]:
    """The quality for the unit, and its mean for the others of the site that ever answer differently."""
    if not np.isfinite(template).all():
        return float("nan"), float("nan")
    told = foretold(template, flat, said)
    living = ~marked & (said.std(0) > 1e-9)
    return float(told[marked][0]), float(told[living].mean()) if living.any() else 0.0
