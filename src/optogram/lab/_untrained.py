"""The salmon's bridge to networks: the same table for units of a network that has learned nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from optogram.errors import InputError, SettingError, unknown
from optogram.lab._corrections import SPACELESS, ManyT, called, fixed_heights

if TYPE_CHECKING:
    from optogram.images.photos import Photos
    from optogram.network.network import Network

LEAST = 5
"""Photographs of a class, and of others, that a t needs at least."""


@dataclass(frozen=True)
class Bridge:
    """How many units each method calls detectors of `label`: `real` in one untrained network, `shuffled` with its labels dealt anew.

    Both are [method], in the order of `SPACELESS`; `others` [twin, method] the same as `real` in other untrained networks.
    """

    network: str
    label: str
    photographs: int
    units: int
    kin: bool
    real: tuple[int, ...]
    shuffled: tuple[int, ...]
    others: tuple[tuple[int, ...], ...]


def bridge(network: Network, photos: Photos, label: str | None, others: int, draws: int, seed: int) -> Bridge:
    """Untrains the network, and asks its units about one class folder of the photographs.

    One pass over the photographs a network, `others` + 1 of them. Raises `SettingError` for an unknown label, `InputError` for
    photographs without two class folders.
    """
    labels = [photos.label(index) for index in range(len(photos))]
    label = _chosen(labels, label)
    marked = np.array([one == label for one in labels])
    images = torch.cat([batch.images for batch in photos.batches(network.preprocess, network.channels)])
    if len(images) != len(labels):
        raise InputError(f"{len(labels) - len(images)} photographs could not be read; take them out, so that each has its label")
    counts = []
    for number in range(others + 1):
        responses = _responses(network.twin("reinit", seed + number, images[:128].float() / 255), images)
        counts.append(_counted(responses, marked, draws, seed))
        if number == 0:
            shuffled = _counted(responses, np.random.default_rng(seed).permutation(marked), draws, seed)
            units = responses.shape[1]
    kin = len({photos.group(int(index)) for index in np.flatnonzero(marked)}) == 1
    return Bridge(network.name, label, len(marked), units, kin, counts[0], shuffled, tuple(counts[1:]))


def _chosen(labels: list[str | None], label: str | None) -> str:
    known = sorted({one for one in labels if one is not None and LEAST <= labels.count(one) <= len(labels) - LEAST})
    if not known:
        raise InputError(f"the photographs need class folders with at least {LEAST} in one and {LEAST} outside it")
    if label is not None and label not in known:
        raise SettingError(unknown("class folder", label, known))
    return label or known[0]


@torch.no_grad()
def _responses(network: Network, images: Tensor, batch: int = 64) -> Float[np.ndarray, "photo unit"]:
    """Every unit's mean over places at the default sites, units of all sites side by side."""
    worker, rows = network.worker(channels_last=True), []
    sites = worker.sites()
    for first in range(0, len(images), batch):
        with worker.tap(*sites.addresses()) as taps:
            worker.run(images[first : first + batch].to(worker.device).float() / 255, "input")
            rows.append(torch.cat([site.places(taps[site.address]).float().mean(dim=2) for site in sites], dim=1).cpu())
    return torch.cat(rows).numpy().astype(np.float64)


def _counted(responses: Float[np.ndarray, "photo unit"], marked: Bool[np.ndarray, " photo"], draws: int, seed: int) -> tuple[int, ...]:
    centred = responses - responses.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=0)
    living = lengths > 1e-9 * max(float(lengths.max()), 1e-30)
    direction = marked - marked.mean()
    tests = ManyT(centred[:, living] / lengths[living], direction / np.linalg.norm(direction), len(marked) - 2)
    found = called(tests, fixed_heights(int(living.sum()), tests.df), draws, seed)
    return tuple(int(found[name].sum()) for name in SPACELESS)
