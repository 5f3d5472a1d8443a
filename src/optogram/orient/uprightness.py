"""How upright a picture looks: a linear score of a network's frozen features.

The score is trained by comparison: of a photograph's four turns, the upright one is to score highest, p(k) = softmax_k(w phi(turn k) / T). So one
set of weights serves all four answers, and the answer for a photograph turned on its side is its answer upright, turned: nothing has to be learned
four times.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from optogram.errors import LoadError, StaleError
from optogram.network.network import Network
from optogram.network.site import Site

GRID = 4
"""Maps are averaged over so many fields a side: enough to know that the sky is above."""
CHUNK = 128


@dataclass(frozen=True, eq=False)
class Scorer:
    """`weights` of the features that `features` gives, after `mean` is taken off and `scale` divided out; `temperature` divides the scores.

    `network`, `hash`, `sites` and `normalisation` (means, then deviations) say which network they are of; `spec`, `file` and `preprocess` how it was
    loaded from a command line; `penalty` is that on the weights' squares. `mirrored`: each picture's features are the mean of its own and of those
    of its mirror image, which has the same up. `told`: what its training said of it.
    """

    network: str
    hash: str
    sites: tuple[str, ...]
    side: int
    mean: Float[np.ndarray, " feature"]
    scale: Float[np.ndarray, " feature"]
    weights: Float[np.ndarray, " feature"]
    temperature: float
    penalty: float
    spec: str = ""
    file: str = ""
    preprocess: str = ""
    mirrored: bool = False
    normalisation: tuple[float, ...] = ()
    told: str = ""

    @property
    def direction(self) -> Float[Tensor, " feature"]:
        """What features are multiplied with to give scores, but for the temperature and a constant that all turns share."""
        return torch.from_numpy(np.asarray(self.weights / self.scale, dtype=np.float32))

    def logits(self, found: Float[Tensor, "photo 4 feature"]) -> Float[np.ndarray, "photo 4"]:
        """Calibrated scores of the four turns; softmax of them is the confidence."""
        scores = torch.cat([part.float() @ self.direction for part in found.split(CHUNK)]) if len(found) else torch.zeros(0, 4)
        return np.asarray(scores - float(self.mean @ (self.weights / self.scale)), dtype=np.float64) / self.temperature

    def check(self, network: Network) -> None:
        """Raises `StaleError` where the network is not the one that the scorer was trained on."""
        if network.weights_hash != self.hash:
            raise StaleError(f"this scorer was trained on {self.network} with other weights ({self.hash}); these are {network.weights_hash}")
        if self.normalisation and self.normalisation != normalisation(network):
            raise StaleError(
                f"this scorer was trained with pixels' means and deviations {self.normalisation}; here they are {normalisation(network)}"
            )

    def save(self, path: Path) -> Path:
        """Keeps the scorer as .npz."""
        kept = ("network", "hash", "sites", "side", "temperature", "penalty", "spec", "file", "preprocess", "mirrored", "normalisation", "told")
        texts = {name: getattr(self, name) for name in kept}
        partial = path.with_name(f".{path.name}.partial")
        with partial.open("wb") as file:
            np.savez_compressed(file, mean=self.mean, scale=self.scale, weights=self.weights, about=np.array(json.dumps(texts)))
        return partial.replace(path)

    @staticmethod
    def load(path: Path) -> Scorer:
        """The scorer that a file holds; `LoadError` where it holds none."""
        try:
            with np.load(path, allow_pickle=False) as held:
                about = json.loads(str(held["about"]))
                arrays = {name: held[name] for name in ("mean", "scale", "weights")}
        except (OSError, ValueError, KeyError) as error:
            raise LoadError(f"{path} holds no scorer: `optogram orient train PHOTOS -o {path}` makes one") from error
        about |= {name: tuple(about[name]) for name in ("sites", "normalisation") if name in about}
        return Scorer(**about, **arrays)


def normalisation(network: Network) -> tuple[float, ...]:
    """The means and then the deviations that the network's pixels are normalised with."""
    return (*network.preprocess.means, *network.preprocess.deviations)


def features(
    network: Network, sites: Sequence[Site], images: Float[Tensor, "image channel height width"], mirrored: bool = False
) -> Float[Tensor, "image feature"]:
    """Rectified activations of all sites, maps averaged over a 4x4 grid of fields, one after the other; differentiable.

    `mirrored`: the mean of these and of those of the mirror image, in two passes: left and right say nothing of up.
    """
    if mirrored:
        return (features(network, sites, images) + features(network, sites, images.flip(-1))) / 2
    with network.tap(*(site.address for site in sites)) as taps:
        network.run(images, "input")
    return torch.cat([pooled(site, taps[site.address]) for site in sites], dim=1)


def pooled(site: Site, raw: Float[Tensor, "..."]) -> Float[Tensor, "image feature"]:
    """One site's activations as features: [unit x field] of maps and of tokens that lie on a grid, else all places."""
    flat = site.places(raw).clamp_min(0)
    grid = site.grid_of(raw)
    if site.patch_grid:
        flat, grid = flat[:, :, len(site.prefix) :], site.patch_grid
    if len(grid) != 2:
        return flat.flatten(1)
    return F.adaptive_avg_pool2d(flat.reshape(*flat.shape[:2], *grid), GRID).flatten(1)


def confidence(logits: Float[np.ndarray, "photo 4"]) -> Float[np.ndarray, "photo 4"]:
    """Softmax over the four turns."""
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))
