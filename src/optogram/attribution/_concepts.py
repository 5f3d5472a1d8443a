"""`og.concepts`: a site's activations as sums of a few patterns of units, with where in which photographs each is found.

Non-negative matrix factorisation (Lee & Seung 2001, multiplicative updates) of activations over places, as in Olah et al. 2018 and Fel et al. 2023.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from optogram import memory
from optogram.attribution._attribute import laid_out
from optogram.attribution._cam import maps_of
from optogram.attribution._sets import count_of, frames, hash_of, numbers_of
from optogram.errors import NotDefinedError, SettingError
from optogram.network.network import Network
from optogram.network.site import Site
from optogram.progress import Progress, track
from optogram.result import Provenance, Result

if TYPE_CHECKING:
    from PIL.Image import Image

    from optogram.attribution._importance import Importance

TINY = 1e-12
FITTING = 60
"""Updates of a photograph's amounts with the patterns fixed."""


@dataclass(frozen=True)
class Concepts(Result):
    """Patterns of a site's units, the most used first.

    `patterns` [concept, unit], non-negative, each of length 1: `(concepts.site, concepts.patterns[0])` is a target for `og.attribute` and
    `og.synthesize`. `maps` [concept, photo, rows, columns]: how much of each is where. `explained`: the share of the activations' squares that
    the sum of all reproduces; `shares` of each concept in what they sum to. `exemplars` [concept, rank]: the photographs with the
    greatest amount at one place, and `pictures` [concept, rank, channel, height, width] what the network was given of them.
    """

    site: str
    patterns: Float[np.ndarray, "concept unit"]
    maps: Float[np.ndarray, "concept photo rows columns"]
    explained: float
    shares: Float[np.ndarray, "concept"]
    exemplars: Int[np.ndarray, "concept rank"]
    pictures: Float[np.ndarray, "concept rank channel height width"]
    provenance: Provenance

    ARRAYS: ClassVar[tuple[str, ...]] = ("patterns", "maps", "explained", "shares", "exemplars")

    def figure(self) -> Image:
        """A row a concept: the photographs that have most of it, each with its map over it; all maps of a row on one scale."""
        from optogram.attribution._concept_sheet import sheet

        return sheet(self)

    def importance(
        self, network: Network, photos: Any, target: Any, *, steps: int = 16, reduce: str = "max", batch_size: int = 16, progress: Progress = True
    ) -> Importance:
        """What each concept adds to the target's response on these photographs, and what is lost without it.

        `worth` is complete: it sums to the response less what it is with no concept at the site. `photos` as in `og.concepts`: of a class, say,
        and the class as the target.

            og.concepts(net, photos, "layer3").importance(net, tabbies, "fc:tabby").figure()
        """
        from optogram.attribution._importance import importance

        return importance(self, network, photos, target, steps=steps, reduce=reduce, batch_size=batch_size, progress=progress)

    def __str__(self) -> str:
        shares = ", ".join(f"{share:.0%}" for share in self.shares)
        return f"{len(self.patterns)} concepts explain {self.explained:.0%} of {self.site} on {self.maps.shape[1]} photographs: shares {shares}"


@memory.kept()
def concepts(
    network: Network,
    photos: Any,
    site: str | Site,
    k: int = 8,
    *,
    exemplars: int = 5,
    steps: int = 200,
    rows: int = 20_000,
    batch_size: int = 16,
    seed: int = 0,
    progress: Progress = True,
) -> Concepts:
    """Factorises max(activations, 0) of a site into `k` patterns of units times their amounts at every place of every photograph.

    Patterns come from at most about `rows` places, equally many of each photograph, drawn with the seed; amounts everywhere from these patterns.
    So memory is that of the maps, whatever the number of units. Two passes over the photographs (`og.Photos`, or what `og.attribute` takes).

        og.concepts(net, photos, "layer3", k=10).figure()
    """
    if k < 1 or steps < 1 or exemplars < 1 or rows < k or batch_size < 1:
        raise SettingError(
            f"k, exemplars, steps and batch_size are at least 1 and rows at least k; got {k}, {exemplars}, {steps}, {batch_size}, {rows}"
        )
    runner = laid_out(network)
    place = runner.site(site if isinstance(site, str) else site.address)
    grid = place.patch_grid if place.layout == "tokens" else place.grid
    if grid is None or len(grid) != 2:
        raise NotDefinedError(f"concepts are found at a site with spatial extent; {place.address} has {place.describe_grid()}")
    rng = np.random.default_rng(seed)
    with track("concepts", 2 + steps, progress) as advance:
        sample = _sample(runner, place, photos, batch_size, rows, rng)
        advance(1)
        _, patterns = factorised(sample, k, steps, rng, advance)
        lengths = np.linalg.norm(patterns, axis=1, keepdims=True)
        patterns = patterns / np.where(lengths > 0, lengths, 1.0)
        maps, missed, whole = _amounts(runner, place, photos, batch_size, patterns)
        advance(1)
    shares = maps.sum(axis=(1, 2, 3)) / max(float(maps.sum()), TINY)
    order = np.argsort(-shares, kind="stable")
    read = numbers_of(runner, photos)
    best = read[np.argsort(-maps[order].max(axis=(2, 3)), axis=1, kind="stable")[:, :exemplars]]
    maps = _at(maps, read, count_of(runner, photos))
    settings = {"site": place.address, "k": k, "steps": steps, "rows": rows, "exemplars": exemplars}
    provenance = Provenance("concepts", network.name, network.weights_hash, hash_of(runner, photos), "", settings, seed)
    explained = 1 - missed / max(whole, TINY)
    return Concepts(place.address, patterns[order], maps[order], explained, shares[order], best, _pictures(runner, photos, best), provenance)


def factorised(
    rows: Float[np.ndarray, "row unit"], k: int, steps: int, rng: np.random.Generator, advance: Any = lambda more: None
) -> tuple[Float[np.ndarray, "row k"], Float[np.ndarray, "k unit"]]:
    """Amounts and patterns, both non-negative, that minimise |rows - amounts patterns|^2, by multiplicative updates from a random start."""
    scale = np.sqrt(max(float(rows.mean()), TINY) / k)
    amounts, patterns = (scale * np.abs(rng.normal(size=shape)).astype(rows.dtype) for shape in ((len(rows), k), (k, rows.shape[1])))
    for _ in range(steps):
        amounts = updated(rows, amounts, patterns)
        patterns = updated(rows.T, patterns.T, amounts.T).T
        advance(1)
    return amounts, patterns


def updated(
    rows: Float[np.ndarray, "row unit"], amounts: Float[np.ndarray, "row k"], patterns: Float[np.ndarray, "k unit"]
) -> Float[np.ndarray, "row k"]:
    """amounts x (rows patterns') / (amounts patterns patterns'): never raises the error."""
    new: np.ndarray = amounts * (rows @ patterns.T) / np.maximum(amounts @ (patterns @ patterns.T), TINY)
    return new


def _sample(network: Network, site: Site, photos: Any, batch_size: int, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Equally many places of every photograph."""
    each = -(-rows // count_of(network, photos))
    found = []
    for images in frames(network, photos, batch_size):
        flat = _activations(network, site, images)
        found += [photo[rng.permutation(len(photo))[:each]] for photo in flat.reshape(len(images), -1, flat.shape[1])]
    return np.concatenate(found)


def _amounts(network: Network, site: Site, photos: Any, batch_size: int, patterns: np.ndarray) -> tuple[np.ndarray, float, float]:
    maps, missed, whole = [], 0.0, 0.0
    for images in frames(network, photos, batch_size):
        rows = _activations(network, site, images)
        amounts = _fitted(rows, patterns)
        missed += float(np.square(rows - amounts @ patterns).sum())
        whole += float(np.square(rows).sum())
        grid = site.patch_grid if site.layout == "tokens" else site.grid_of(network.read(site, images[:1]))
        assert grid is not None
        maps.append(amounts.T.reshape(len(patterns), len(images), *grid))
    return np.concatenate(maps, axis=1), missed, whole


def amounts_of(
    maps: Float[Tensor, "batch unit rows columns"], patterns: Float[Tensor, "concept unit"]
) -> Float[Tensor, "batch concept rows columns"]:
    """How much of each pattern is at each place of these activations; each photograph's own."""
    found = []
    for photo in maps.relu():
        rows = _fitted(photo.flatten(1).T.float().cpu().numpy(), patterns.float().cpu().numpy())
        found.append(torch.as_tensor(rows.T.copy()).unflatten(1, tuple(photo.shape[1:])))
    return torch.stack(found).to(maps)


def _fitted(rows: Float[np.ndarray, "row unit"], patterns: Float[np.ndarray, "k unit"]) -> Float[np.ndarray, "row k"]:
    amounts: np.ndarray = np.full((len(rows), len(patterns)), max(float(rows.mean()), TINY), rows.dtype)
    for _ in range(FITTING):
        amounts = updated(rows, amounts, patterns)
    return amounts


def _activations(network: Network, site: Site, images: Tensor) -> np.ndarray:
    """What is positive at every place: [photo x place, unit]."""
    with torch.no_grad():
        maps = maps_of(site, network.read(site, images)).relu()
    flat: np.ndarray = maps.permute(0, 2, 3, 1).flatten(0, 2).float().cpu().numpy()
    return flat


def _at(maps: np.ndarray, numbers: np.ndarray, count: int) -> np.ndarray:
    """[concept, photo, rows, columns] with each photograph at its own number, nought for those that could not be read."""
    if len(numbers) == count:
        return maps
    placed = np.zeros((len(maps), count, *maps.shape[2:]), maps.dtype)
    placed[:, numbers] = maps
    return placed


def _pictures(network: Network, photos: Any, best: np.ndarray) -> np.ndarray:
    numbers = sorted(set(best.flatten().tolist()))
    pictures = torch.cat(list(frames(network, photos, 32, numbers))).float().cpu().numpy()
    at = {number: row for row, number in enumerate(numbers)}
    return np.stack([np.stack([pictures[at[number]] for number in row]) for row in best.tolist()])
