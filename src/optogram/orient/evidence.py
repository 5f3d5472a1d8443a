"""What in a picture speaks for an answer (guided backprop and positive paths of the score), and which units speak for up."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.attribution._carried import Carrier
from optogram.attribution._rules import positive
from optogram.attribution.guided_backprop import guided
from optogram.attribution.positive_paths import opened
from optogram.network.network import Network
from optogram.network.site import Site
from optogram.orient.uprightness import CHUNK, GRID, Scorer, features


def score_maps(network: Network, scorer: Scorer, images: Float[Tensor, "image channel side side"]) -> Float[np.ndarray, "image side side"]:
    """Guided backprop of each picture's uprightness to its pixels, summed over channels. Raises `NotDefinedError` for smooth rectifiers."""
    sites = _intercepted(network, scorer, images[:1], "guided_backprop")
    maps = []
    for image in images:
        pixels = image[None].clone().requires_grad_()
        with network.rectified_by(guided):
            score = (features(network, sites, pixels, scorer.mirrored) @ scorer.direction).sum()
        (slope,) = torch.autograd.grad(score, pixels)
        maps.append(np.asarray(slope.sum((0, 1)), dtype=np.float64))
    return np.stack(maps)


def path_maps(network: Network, scorer: Scorer, images: Float[Tensor, "image channel side side"]) -> Float[np.ndarray, "image side side"]:
    """Positive paths to each picture's uprightness: from the features that raise it, through positive weights and open rectifiers alone, to the
    pixels, summed over channels; never negative. Raises `NotDefinedError` for smooth rectifiers.
    """
    sites = _intercepted(network, scorer, images[:1], "positive_paths")
    maps = []
    for image in images:
        pixels = image[None].clone().requires_grad_()
        with network.operated_by(Carrier(lambda affine: positive, opened, norm=positive)):
            score = (features(network, sites, pixels, scorer.mirrored) @ scorer.direction.clamp_min(0)).sum()
        (slope,) = torch.autograd.grad(score, pixels)
        maps.append(np.asarray(slope.sum((0, 1)), dtype=np.float64))
    return np.stack(maps)


def _intercepted(network: Network, scorer: Scorer, image: Float[Tensor, "1 channel side side"], method: str) -> list[Site]:
    """The scorer's sites, once it is sure that all rectifiers below them are met and are such that the rules are defined for them."""
    pixels = image.clone().requires_grad_()
    with network.rectified_by(guided) as met, network.tap(*scorer.sites) as taps:
        network.run(pixels, "input")
        met.check(*(taps[address] for address in scorer.sites), method=method, instead="integrated_gradients")
    return [network.site(address) for address in scorer.sites]


def gains(scorer: Scorer, found: Float[Tensor, "photo 4 feature"]) -> Float[Tensor, "photo feature"]:
    """What each feature adds to the calibrated score of a photograph upright, over the mean of its other three turns."""
    wide = found.float()
    return (wide[:, 0] - wide[:, 1:].mean(1)) * scorer.direction / scorer.temperature


def unit_shares(network: Network, scorer: Scorer, found: Float[Tensor, "photo 4 feature"]) -> Float[np.ndarray, "photo unit"]:
    """What each unit adds to the calibrated score of a photograph upright, over the mean of its other three turns, in nats; units of all sites one
    after the other. A photograph's shares add up to its upright score less the mean of the others.
    """
    groups, count = feature_units(network, scorer)
    rows = [torch.zeros(len(part), count).index_add_(1, groups, gains(scorer, part)) for part in found.split(CHUNK)]
    return np.asarray(torch.cat(rows) if rows else torch.zeros(0, count), dtype=np.float64)


def field_shares(
    network: Network, scorer: Scorer, found: Float[Tensor, "photo 4 feature"], units: Int[np.ndarray, " chosen"]
) -> Float[np.ndarray, "photo chosen field"]:
    """The same of chosen units, field by field of the grid that maps are averaged over, row by row; sites without fields have one."""
    groups, _ = feature_units(network, scorer)
    places = [torch.nonzero(groups == int(unit))[:, 0] for unit in units]
    most = max((len(place) for place in places), default=1)
    rows = np.zeros((len(found), len(units), most))
    for start in range(0, len(found), CHUNK):
        part = gains(scorer, found[start : start + CHUNK])
        for column, place in enumerate(places):
            rows[start : start + CHUNK, column, : len(place)] = part[:, place].numpy()
    return rows


def feature_units(network: Network, scorer: Scorer) -> tuple[Int[Tensor, " feature"], int]:
    """Which unit each feature is of, and how many units there are."""
    parts, start = [], 0
    for address in scorer.sites:
        site = network.site(address)
        mapped = len(site.grid) == 2 or bool(site.patch_grid)
        each = GRID**2 if mapped else site.places_count
        parts.append(start + torch.arange(site.units).repeat_interleave(each))
        start += site.units
    return torch.cat(parts), start


def unit_names(network: Network, scorer: Scorer) -> list[str]:
    """Their addresses."""
    return [f"{address}:{index}" for address in scorer.sites for index in range(network.site(address).units)]
