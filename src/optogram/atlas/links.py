"""Which units a unit is made of, and which it is part of: the strongest weights from site to site.

Which site's units a layer reads is measured, not derived from the graph: where each feature of a layer's input comes from one unit alone (through
rectifiers, pooling, concatenation, dropout, flattening), the gradient of two random sums of the features with respect to a site's units has, at every
place, the ratio of that feature's two factors. Cost: one forward pass of a few images, and short backward passes from each layer with weights to the
sites before it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from optogram.atlas.tables import schemas
from optogram.errors import OptogramError
from optogram.weights.weight_images import with_norm

if TYPE_CHECKING:
    from optogram.network.network import Network
    from optogram.network.site import Site

STRONGEST = 6
"""Units kept in each direction."""
LARGEST = 121
"""Weights of one connection that are kept to be drawn; of larger kernels their sum alone."""
AGREE = 1e-3
CHUNK = 256
AT_ONCE = 4
"""Sites that are looked at together, going back from a layer: most layers read the last few."""
SOME = 64
"""Places on which a unit must agree before all are looked at: most units feed no feature alone."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """All weights from one site's units to another's: `features[unit]` are the inputs of the layer that the unit is."""

    source: Site
    target: Site
    kernel: Float[Tensor, "out feature row column"]
    features: dict[int, Int[np.ndarray, " _"]]


def linked(
    network: Network,
    sites: Sequence[Site],
    spread: Mapping[str, Float[np.ndarray, " _"]],
    images: Float[Tensor, "batch channel height width"] | None = None,
) -> dict[str, dict[str, list[Any]]]:
    """For each site the columns of its table `links`: each unit's strongest units, `in` and `out`.

    `images`, in the input frame and 0..1, show which unit feeds what (noise by default): a unit that is silent on all of them has no links.
    A connection's strength is the norm of its weights, times the spread of the unit it comes from, over that of the unit it goes to.
    """
    rows: dict[str, list[dict[str, Any]]] = {site.address: [] for site in sites}
    for bundle in bundles(network, sites, images):
        strength = _strength(bundle, spread)
        units = np.array(sorted(bundle.features))
        for target in range(strength.shape[0]):
            for column in _strongest(strength[target]):
                rows[bundle.target.address].append(_row(bundle, "in", target, int(units[column]), float(strength[target, column])))
        for column, unit in enumerate(units.tolist()):
            for target in _strongest(strength[:, column]):
                rows[bundle.source.address].append(_row(bundle, "out", unit, int(target), float(strength[target, column])))
    return {address: _table(found) for address, found in rows.items()}


def bundles(network: Network, sites: Sequence[Site], images: Float[Tensor, "batch channel height width"] | None = None) -> list[Bundle]:
    """Every pair of sites of which one feeds the other, feature by feature; the latest site that feeds a feature is taken."""
    weighted = [(site, module) for site in sites if (module := _layer(network, site)) is not None]
    inputs = {site.address: f"{network.site(site.affine or '').address}~in" for site, _ in weighted}
    kept: dict[str, Tensor] = {}

    def keeping(address: str) -> Callable[[Tensor], Tensor]:
        def keep(raw: Tensor) -> Tensor:
            kept[address] = raw.clone()
            return kept[address] * 1  # what the network later overwrites is this copy

        return keep

    if images is None:
        images = torch.rand(1, network.channels, *network.input_size, generator=torch.Generator().manual_seed(0))
    shown = images.detach().clone().to(network.device).requires_grad_()
    found: list[Bundle] = []
    with torch.enable_grad(), network.tap(*inputs.values(), edits={site.address: keeping(site.address) for site in sites}) as taps:
        network.run(shown, "input")
        for site, module in weighted:
            before = [one for one in sites if one.order < site.order and one.address in kept]
            kernel = _kernel(module) * with_norm(network, site, site.affine or "", module)[0][:, None, None, None]
            taken: set[int] = set()
            for source, fed in _fed(network.site(inputs[site.address]), taps[inputs[site.address]], before, kept):
                own = {unit: features for unit, features in fed.items() if not taken & set(features.tolist())}
                taken |= {feature for features in own.values() for feature in features.tolist()}
                if own:
                    found.append(Bundle(source, site, kernel, own))
                if len(taken) == kernel.shape[1]:
                    break
    return found


def _layer(network: Network, site: Site) -> nn.Conv2d | nn.Linear | None:
    if not site.affine:
        return None
    try:
        module = network.layer(site.affine)
        network.site(f"{network.site(site.affine).address}~in")
    except OptogramError:
        return None
    return module if isinstance(module, nn.Conv2d | nn.Linear) else None


def _fed(seen: Site, raw: Tensor, before: Sequence[Site], kept: Mapping[str, Tensor]) -> Iterator[tuple[Site, dict[int, np.ndarray]]]:
    """Each site, the latest first, with the features of this input that one of its units alone makes. Gradients reach no further than is asked."""
    random = torch.Generator().manual_seed(1)
    places = seen.places(raw)
    factors = torch.randn(2, places.shape[1], generator=random, dtype=torch.float64).to(raw.device)
    if not raw.requires_grad:
        return
    sums = [(places * factor[None, :, None].to(places)).sum() for factor in factors]
    ratios = (factors[0] / factors[1]).cpu().numpy()
    order = np.argsort(ratios)
    latest = [*reversed(before)]
    for start in range(0, len(latest), AT_ONCE):
        asked = latest[start : start + AT_ONCE]
        values = [kept[site.address] for site in asked]
        first, second = (torch.autograd.grad(total, values, retain_graph=True, allow_unused=True) for total in sums)
        for site, one, other in zip(asked, first, second, strict=True):
            if one is not None and other is not None:
                yield site, _matched(_by_unit(site, one), _by_unit(site, other), ratios[order], order)


def _by_unit(site: Site, raw: Tensor) -> Float[np.ndarray, "unit place"]:
    """All images' places of each unit in one row."""
    return np.asarray(site.places(raw).transpose(0, 1).flatten(1).double().cpu())


def _matched(one: np.ndarray, other: np.ndarray, ratios: Float[np.ndarray, " feature"], order: Int[np.ndarray, " feature"]) -> dict[int, np.ndarray]:
    least = 1e-6 * max(float(np.abs(other).max()), 1e-30)
    step = max(1, other.shape[1] // SOME)
    some, fine = _nearest(one[:, ::step], other[:, ::step], least, ratios)
    found = {}
    for unit in np.flatnonzero(fine.all(axis=1)).tolist():
        near, alone = _nearest(one[unit], other[unit], least, ratios) if step > 1 else (some[unit], fine[unit])
        features = np.unique(order[near[near >= 0]])
        if len(features) and alone.all():
            found[unit] = features
    return found


def _nearest(
    one: Float[np.ndarray, "*place"], other: Float[np.ndarray, "*place"], least: float, ratios: Float[np.ndarray, " feature"]
) -> tuple[Int[np.ndarray, "*place"], Bool[np.ndarray, "*place"]]:
    """Which feature's ratio the two gradients have at each place, -1 where there is no gradient, and whether they have that ratio or none."""
    live = np.abs(other) > least
    asked = one / np.where(live, other, 1)
    above = np.searchsorted(ratios, asked).clip(1, len(ratios) - 1)
    near = above - (np.abs(ratios[above - 1] - asked) < np.abs(ratios[above] - asked))
    fine = np.abs(ratios[near] - asked) <= AGREE * np.maximum(np.abs(asked), 1e-3)
    return np.where(live, near, -1), fine | ~live


def _kernel(module: nn.Conv2d | nn.Linear) -> Float[Tensor, "out feature row column"]:
    """The layer's weights, those of a grouped convolution at the features that they read."""
    weight = module.weight.detach().float().cpu()
    if isinstance(module, nn.Linear):
        return weight[:, :, None, None]
    if module.groups == 1:
        return weight
    whole = torch.zeros(weight.shape[0], weight.shape[1] * module.groups, *weight.shape[2:])
    each = weight.shape[0] // module.groups
    for group in range(module.groups):
        whole[group * each : (group + 1) * each, group * weight.shape[1] : (group + 1) * weight.shape[1]] = weight[group * each : (group + 1) * each]
    return whole


def _strength(bundle: Bundle, spread: Mapping[str, Float[np.ndarray, " _"]]) -> Float[np.ndarray, "out unit"]:
    units = sorted(bundle.features)
    belongs = torch.full((bundle.kernel.shape[1],), -1, dtype=torch.long)
    for column, unit in enumerate(units):
        belongs[torch.from_numpy(bundle.features[unit])] = column
    read = belongs >= 0
    energy = torch.zeros(bundle.kernel.shape[0], len(units))
    for start in range(0, len(energy), CHUNK):
        part = bundle.kernel[start : start + CHUNK, read].square().sum(dim=(2, 3))
        energy[start : start + CHUNK].index_add_(1, belongs[read], part)
    own, there = spread[bundle.source.address][units], spread[bundle.target.address]
    return np.asarray(energy.sqrt().numpy() * own[None, :] / np.where(there > 0, there, np.inf)[:, None])


def _strongest(strength: Float[np.ndarray, " unit"]) -> list[int]:
    return [int(place) for place in np.argsort(-strength, kind="stable")[:STRONGEST] if strength[place] > 0]


def _row(bundle: Bundle, way: str, unit: int, other: int, strength: float) -> dict[str, Any]:
    target, source = (unit, other) if way == "in" else (other, unit)
    kernel = bundle.kernel.numpy()[target, bundle.features[source]]
    drawn, shape = kernel.reshape(-1), kernel.shape[1:]
    if kernel.shape[0] > 1:  # a flattened map: one weight a place
        shape = bundle.source.grid if len(bundle.source.grid) == 2 and kernel.size == np.prod(bundle.source.grid) else (1, kernel.size)
    small = kernel.size <= LARGEST
    there = bundle.source if way == "in" else bundle.target
    rows, columns = (int(side) for side in shape) if small else (0, 0)
    return {
        "unit": unit,
        "way": way,
        "site": there.address,
        "other": other,
        "weight": float(kernel.sum()),
        "strength": strength,
        "rows": rows,
        "columns": columns,
        "kernel": drawn.tolist() if small else [],
    }


def _table(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Each unit's strongest in either direction, over all sites."""
    rows.sort(key=lambda row: (row["unit"], row["way"], -row["strength"], row["site"], row["other"]))
    groups = itertools.groupby(rows, key=lambda row: (row["unit"], row["way"]))
    chosen = [{**row, "rank": rank} for _, group in groups for rank, row in enumerate(itertools.islice(group, STRONGEST))]
    return {name: [row[name] for row in chosen] for name in schemas()["links"].names}
