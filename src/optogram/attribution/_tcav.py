"""`og.tcav`: does a concept, given by photographs of it, move a class's response? Tested against concepts drawn at random.

Kim et al. 2018, "Interpretability beyond feature attribution: testing with concept activation vectors".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from optogram import memory
from optogram.attribution._arrays import as_array
from optogram.attribution._attribute import laid_out
from optogram.attribution._sets import frames, hash_of
from optogram.attribution._target import Target, read_target
from optogram.errors import InputError, NotDefinedError, SettingError
from optogram.network.network import Network
from optogram.network.site import Site
from optogram.progress import Progress, track
from optogram.result import Provenance, Result
from optogram.statistics.permutation import p_value

if TYPE_CHECKING:
    from PIL.Image import Image

HELD_OUT = 3
"""One in so many photographs is held out to see how well the direction tells the concept."""
RIDGE = 0.1


@dataclass(frozen=True)
class ConceptTest(Result):
    """Whether a direction of a site's units that stands for a concept moves the target.

    `score`: the share of photographs on which a step along the direction raises the response (the paper's). `sensitivity`: the mean cosine of the
    response's gradient and the direction, over photographs and repeats; `null` the same for concepts drawn at random from the background, and
    `null_scores` their scores; `p` two-sided, of the sensitivity. `accuracy`: how often the direction tells held-out photographs of the concept
    from the background (chance .5): near chance there is no concept at this site to be tested. `directions` [repeat, unit], each of length 1.
    """

    site: str
    target: str
    score: float
    sensitivity: float
    p: float
    accuracy: float
    null: Float[np.ndarray, "run"]
    null_scores: Float[np.ndarray, "run"]
    directions: Float[np.ndarray, "repeat unit"]
    cosines: Float[np.ndarray, "photo"]
    provenance: Provenance

    ARRAYS: ClassVar[tuple[str, ...]] = ("score", "sensitivity", "p", "accuracy", "null", "null_scores", "directions", "cosines")

    @property
    def direction(self) -> Float[np.ndarray, "unit"]:
        """The mean direction: `(test.site, test.direction)` is a target for `og.attribute` and `og.synthesize`."""
        mean: np.ndarray = self.directions.mean(axis=0)
        return mean / (np.linalg.norm(mean) or 1.0)

    def figure(self) -> Image:
        """The sensitivity against those of random concepts."""
        from optogram.drawing.null_strip import null_strip

        title = f"{self.target}: sensitivity to the concept at {self.site} (dots: random concepts), p {self.p:.2g}"
        return null_strip(self.null.astype(float), self.sensitivity, marks={"zero": 0.0}, title=title, width=560)

    def __str__(self) -> str:
        low, high = np.quantile(self.null, [0.025, 0.975])
        moved = f"the concept at {self.site} raises {self.target} on {self.score:.0%} of {len(self.cosines)} photographs"
        null = f"sensitivity {self.sensitivity:.3g} ({len(self.null)} random concepts: {low:.3g} to {high:.3g}), p {self.p:.2g}"
        return f"{moved}; {null}; held-out photographs are told apart in {self.accuracy:.0%}"


@memory.kept()
def tcav(
    network: Network,
    photos: Any,
    concept: Any,
    target: Any,
    *,
    site: str | Site,
    background: Any,
    runs: int = 99,
    repeats: int = 5,
    reduce: str = "max",
    batch_size: int = 16,
    seed: int = 0,
    progress: Progress = True,
) -> ConceptTest:
    """Does the concept that `concept` shows move the target's response to `photos`?

    A direction tells the site's activations (means over places) for photographs of the concept from as many of `background` (ridge regression on
    the two kinds), `repeats` times with others of them; a step along it, at all places alike, raises the response or lowers it. Photographs are
    `og.Photos` or what `og.attribute` takes. The null: `runs` sets of as many background photographs in the concept's place. The paper's t-test
    compares repeats that share the concept's photographs, and calls nearly any set of photographs significant; here the set is what is drawn.

        og.tcav(net, zebras, stripes, "fc:zebra", site="layer3", background=photos)
    """
    if runs < 1 or repeats < 1 or batch_size < 1:
        raise SettingError(f"runs, repeats and batch_size are at least 1; got {runs}, {repeats}, {batch_size}")
    runner = laid_out(network)
    chosen = read_target(runner, target, reduce)
    place = runner.site(site if isinstance(site, str) else site.address)
    if place.order >= chosen.order:
        raise SettingError(f"{place.address} is computed after {chosen.text}: choose a site before it")
    slopes = np.concatenate([_slopes(runner, chosen, place, batch) for batch in frames(runner, photos, batch_size)])
    own, pool = (np.concatenate([_means(runner, place, batch) for batch in frames(runner, given, batch_size)]) for given in (concept, background))
    if len(own) < HELD_OUT or len(pool) < 2 * len(own):
        raise InputError(f"a concept is {HELD_OUT} photographs or more, the background twice as many as it has; got {len(own)} and {len(pool)}")
    with track("random concepts", runs + 1, progress) as advance:
        found = against_random(slopes, own, pool, runs, repeats, seed, advance)
    hashes = {"concept": hash_of(runner, concept), "background": hash_of(runner, background)}
    settings = {"target": chosen.text, "site": place.address, "runs": runs, "repeats": repeats, "reduce": reduce, **hashes}
    provenance = Provenance("tcav", network.name, network.weights_hash, hash_of(runner, photos), "", settings, seed)
    return ConceptTest(place.address, chosen.text, **found, provenance=provenance)


def against_random(
    slopes: Float[np.ndarray, "photo unit"],
    own: Float[np.ndarray, "shown unit"],
    pool: Float[np.ndarray, "other unit"],
    runs: int,
    repeats: int,
    seed: int,
    advance: Any = lambda more: None,
) -> dict[str, Any]:
    """The test from gradients and activations. Every random concept is treated as the real one: as many photographs, told from as many others."""
    rng = np.random.default_rng(seed)
    lengths = np.linalg.norm(slopes, axis=1, keepdims=True)
    unit = slopes / np.where(lengths > 0, lengths, 1.0)
    rest = rng.choice(len(pool), len(pool) - len(own), replace=False)
    directions = _directions(own, pool[rest], repeats, rng)
    accuracy = float(np.mean([_accuracy(own, pool[rest], rng) for _ in range(repeats)]))
    advance(1)
    null, null_scores = np.empty(runs), np.empty(runs)
    for run in range(runs):
        order = rng.permutation(len(pool))
        null[run], null_scores[run] = _summary(unit @ _directions(pool[order[: len(own)]], pool[order[len(own) :]], repeats, rng).T)
        advance(1)
    cosines = unit @ directions.T
    sensitivity, score = _summary(cosines)
    p = float(p_value(np.array([sensitivity]), null[:, None], "two-sided")[0])
    kept = {"directions": directions, "cosines": cosines.mean(axis=1), "null": null, "null_scores": null_scores}
    return {"score": score, "sensitivity": sensitivity, "p": p, "accuracy": accuracy, **kept}


def separating(one: Float[np.ndarray, "shown unit"], other: Float[np.ndarray, "rest unit"]) -> tuple[Float[np.ndarray, "unit"], float]:
    """The direction from the second kind to the first and where between them it is nought: ridge regression on 1 and -1, by its dual."""
    rows = np.concatenate((one, other)).astype(float)
    mean = rows.mean(axis=0)
    sides = np.concatenate((np.ones(len(one)), -np.ones(len(other))))
    centred = rows - mean
    gram = centred @ centred.T
    penalty = RIDGE * max(float(np.trace(gram)) / len(rows), 1e-12)
    direction = centred.T @ np.linalg.solve(gram + penalty * np.eye(len(rows)), sides - sides.mean())
    length = float(np.linalg.norm(direction))
    direction = direction / length if length > 0 else direction
    return direction, float(mean @ direction) - float(sides.mean()) / (length or 1.0)


def _directions(one: np.ndarray, rest: np.ndarray, repeats: int, rng: np.random.Generator) -> np.ndarray:
    others = [rest[rng.choice(len(rest), min(len(one), len(rest)), replace=False)] for _ in range(repeats)]
    return np.stack([separating(one, other)[0] for other in others])


def _accuracy(one: np.ndarray, rest: np.ndarray, rng: np.random.Generator) -> float:
    out = max(1, len(one) // HELD_OUT)
    mine, others = one[rng.permutation(len(one))], rest[rng.choice(len(rest), min(len(one), len(rest)), replace=False)]
    direction, zero = separating(mine[out:], others[out:])
    return float(np.mean([(mine[:out] @ direction > zero).mean(), (others[:out] @ direction < zero).mean()]))


def _summary(cosines: np.ndarray) -> tuple[float, float]:
    """The mean cosine, and the share that is positive; one without a gradient counts half."""
    return float(cosines.mean()), float(((np.sign(cosines) + 1) / 2).mean())


def _means(network: Network, site: Site, images: Tensor) -> np.ndarray:
    with torch.no_grad():
        return as_array(site.places(network.read(site, images)).mean(dim=2))


def _slopes(network: Network, target: Target, site: Site, images: Tensor) -> np.ndarray:
    """The gradient of each response along the site's units, summed over places."""
    edits = {site.address: lambda raw: raw.detach().requires_grad_()}
    with torch.enable_grad(), network.tap(*target.addresses, site.address, edits=edits) as taps:
        network.run(images, "input")
        responses, _ = target.responses({address: taps[address] for address in target.addresses})
        (grad,) = torch.autograd.grad(responses.sum(), taps[site.address], allow_unused=True) if responses.requires_grad else (None,)
    if grad is None:
        raise NotDefinedError(f"{target.text} does not depend on {site.address}: choose a site that feeds it")
    return as_array(site.places(grad).sum(dim=2))
