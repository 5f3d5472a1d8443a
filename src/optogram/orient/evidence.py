"""What in a picture speaks for an answer (guided backprop of the score), and which units speak for up."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram.attribution.guided_backprop import guided
from optogram.network.network import Network
from optogram.orient.uprightness import CHUNK, GRID, Scorer, features


def score_maps(network: Network, scorer: Scorer, images: Float[Tensor, "image channel side side"]) -> Float[np.ndarray, "image side side"]:
    """Guided backprop of each picture's uprightness to its pixels, summed over channels. Raises `NotDefinedError` for smooth rectifiers."""
    sites = [network.site(address) for address in scorer.sites]
    direction = torch.from_numpy(scorer.weights / scorer.scale)
    maps = []
    for image in images:
        pixels = image[None].clone().requires_grad_()
        with network.rectified_by(guided):
            score = (features(network, sites, pixels) @ direction).sum()
        (slope,) = torch.autograd.grad(score, pixels)
        maps.append(np.asarray(slope.sum((0, 1)), dtype=np.float64))
    return np.stack(maps)


def unit_shares(network: Network, scorer: Scorer, found: Float[Tensor, "photo 4 feature"]) -> Float[np.ndarray, "photo unit"]:
    """What each unit adds to the score of a photograph upright, over the mean of its other three turns; units of all sites one after the other.

    A photograph's shares add up to its upright score less the mean of the others (before the temperature).
    """
    direction = torch.from_numpy(scorer.weights / scorer.scale)
    groups, count = feature_units(network, scorer)
    rows = []
    for part in found.split(CHUNK):
        wide = part.float()
        gain = (wide[:, 0] - wide[:, 1:].mean(1)) * direction
        rows.append(torch.zeros(len(gain), count).index_add_(1, groups, gain))
    return np.asarray(torch.cat(rows), dtype=np.float64)


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
