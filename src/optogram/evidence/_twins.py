"""Every claim measured in every twin: one pass over the panel each, kept when done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from optogram.evidence._claim import Claim, Measured
from optogram.evidence._rules import MEASURING, rules
from optogram.evidence._side_by_side import side_by_side
from optogram.evidence._twin_kinds import Kind
from optogram.evidence._view import SiteView, Stimuli
from optogram.progress import Progress, track
from optogram.statistics.effects import participation_ratio
from optogram.statistics.gate import corrected, family_gate, unit_level

if TYPE_CHECKING:
    from optogram.exemplars.result import Sweep
    from optogram.images.photos import Photos
    from optogram.network.network import Network


@dataclass(frozen=True, slots=True)
class TwinMeasure:
    """What one claim found at one site of one twin, and the responses' character: share of living units, diversity, spread."""

    found: Measured
    alive: float
    participation: float
    spread: float


STANDARDISED_ON = 128
"""Panel photographs on which a twin's batch-norm statistics are estimated."""

Measures = Mapping[tuple[str, str], list[TwinMeasure]]
"""By site and claim, one entry a twin."""

Record = Callable[["Network", SiteView], SiteView]
"""Adds to a site's view what claims' recorders find in that network."""


def measure_twins(
    network: Network,
    photos: Photos,
    sweep: Sweep,
    views: Mapping[str, SiteView],
    claims: Sequence[Claim],
    own: Mapping[tuple[str, str], Measured],
    kinds: Sequence[Kind],
    seed: int,
    checkpoint: str | Path | None,
    progress: Progress,
    viewer: str,
    record: Record | None = None,
    recorded: str = "",
) -> Measures:
    """A twin of each of `kinds`, with seeds from `seed` on; those found in `checkpoint` are not run again.

    `own` is what the claims found in the network itself. `record` adds what claims need beside responses; `recorded` tells its settings
    apart. A kept twin's file is named after all that it depends on, so one of other
    weights, photographs, sites or viewer, or measured by older rules, is never taken for it.
    """
    from optogram.exemplars.panel import panel_responses

    keep = Path(checkpoint) if checkpoint is not None else None
    measures: dict[tuple[str, str], list[TwinMeasure]] = {(site, claim.name): [] for site in views for claim in claims}
    known = [view.stimuli for view in views.values()][:1]
    stamps = {kind: _stamp(network, sweep, measures, kind, viewer + recorded, known) for kind in {*kinds}}
    images = None
    with track("twins", len(kinds), progress) as advance:
        for number, kind in enumerate(kinds):
            path = keep / f"twin-{stamps[kind]}-{seed + number:03d}.npz" if keep else None
            if path is not None and path.exists():
                found = _read(path, measures)
            else:
                images = images if images is not None else sweep.panel.images(network, photos)
                twin = network.twin(kind, seed + number, images[:STANDARDISED_ON].float() / 255)
                responses = panel_responses(twin, images, sweep.panel, list(views))
                seen = {site: _seen(view, responses[site]) for site, view in views.items()}
                found = _measure(seen if record is None else {site: record(twin, view) for site, view in seen.items()}, claims, own)
                if path is not None:
                    _write(path, found)
            for key, one in found.items():
                measures[key].append(one)
            advance(1)
    return measures


def _stamp(network: Network, sweep: Sweep, keys: Mapping[tuple[str, str], Any], kind: str, viewer: str, stimuli: Sequence[Stimuli | None]) -> str:
    panel = sweep.panel
    known = [(one.label, one.group.tolist(), one.mark) for one in stimuli if one is not None]
    places = [panel.probe_places(site).tolist() for site, _ in keys]
    told = (
        rules(MEASURING),
        network.weights_hash,
        repr(network.preprocess),
        panel.identities,
        panel.folds.tolist(),
        sweep.provenance.images,
        places,
        list(keys),
        kind,
        viewer,
        known,
    )
    return blake2b(repr(told).encode(), digest_size=5).hexdigest()


def spread_of(responses: Float[np.ndarray, "patch unit"]) -> float:
    """Median over units of the responses' standard deviation."""
    return float(np.median(responses.std(axis=0)))


def claims_of_twins(
    families: Sequence[Float[np.ndarray, " twin"]], measures: Sequence[list[TwinMeasure]], level: float, kinds: Sequence[Kind] = ()
) -> tuple[list[list[int]], list[list[int]]]:
    """What the same rules claim of networks that have learned nothing: each twin judged against the others.

    `families`: a claim's statistic of each twin, a list a site; `measures` what was found there. One list a site comes back, one
    number a twin: units that pass the claim's own null (q <= level), and units that would be said to stand, with the gates
    corrected over sites as the network's were. Of its own kind there is one twin fewer: it must be beyond all of them.
    """
    twins = len(families[0]) if families else 0
    identified = [[int(np.sum(one.found.q <= level)) for one in site] for site in measures]
    stands: list[list[int]] = [[] for _ in families]
    for number in range(twins):
        gates = [family_gate(site[number], np.delete(site, number), [*kinds[:number], *kinds[number + 1 :]]) for site in families]
        for index, gate_q in enumerate(corrected([replace(gate, apart=()) for gate in gates])):
            if gates[index].hardest > max(level, gates[index].least):
                gate_q = 1.0
            others = [one for other, one in enumerate(measures[index]) if other != number]
            stands[index].append(_standing(measures[index][number], others, float(gate_q), level))
    return identified, stands


def _standing(one: TwinMeasure, others: list[TwinMeasure], gate_q: float, level: float) -> int:
    if not gate_q <= level or not others:
        return 0
    units = unit_level(one.found.effect.astype(np.float64), np.stack([other.found.effect for other in others]).astype(np.float64))
    return int(np.sum((one.found.q <= level) & (units.q <= level)))


def _seen(view: SiteView, probes: Float[np.ndarray, "photo probe unit"]) -> SiteView:
    """A twin's view: its own responses to the network's patches, and none of the network's records."""
    return replace(view, responses=np.asarray(probes.reshape(-1, probes.shape[-1]), np.float32), recorded={})


def measure_all(claims: Sequence[Claim], view: SiteView, own: Mapping[str, Measured] | None = None) -> dict[str, Measured]:
    """What each claim finds, by its name; `own`: what it found in the network whose twin this is. What they work out of the view goes with them."""
    view = replace(view)
    return {claim.name: claim.measure(view, own[claim.name] if own else None) for claim in claims}


def _measure(views: Mapping[str, SiteView], claims: Sequence[Claim], own: Mapping[tuple[str, str], Measured]) -> dict[tuple[str, str], TwinMeasure]:
    def at_site(address: str) -> dict[tuple[str, str], TwinMeasure]:
        seen = views[address]
        character = float(seen.alive.mean()), participation_ratio(seen.responses), spread_of(seen.responses)
        found = measure_all(claims, seen, {claim.name: own[address, claim.name] for claim in claims})
        return {(address, name): TwinMeasure(one, *character) for name, one in found.items()}

    return {key: one for found in side_by_side(at_site, views) for key, one in found.items()}


def _write(path: Path, found: Mapping[tuple[str, str], TwinMeasure]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    arrays: dict[str, np.ndarray] = {}
    for (site, claim), one in found.items():
        key = f"{site}|{claim}|"
        arrays |= {key + name: getattr(one.found, name) for name in ("effect", "p", "at_least")}
        arrays |= {f"{key}parts|{name}": values for name, values in one.found.parts.items()}
        arrays[key + "figures"] = np.array([one.found.draws, one.found.floor, one.alive, one.participation, one.spread])
    with partial.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    partial.replace(path)


def _read(path: Path, keys: Mapping[tuple[str, str], Any]) -> dict[tuple[str, str], TwinMeasure]:
    with np.load(path) as kept:
        found = {}
        for site, claim in keys:
            key = f"{site}|{claim}|"
            draws, floor, *character = (float(value) for value in kept[key + "figures"])
            parts = {name.rpartition("|")[2]: kept[name] for name in kept.files if name.startswith(key + "parts|")}
            measured = Measured(kept[key + "effect"], kept[key + "p"], kept[key + "at_least"], int(draws), floor, parts)
            found[site, claim] = TwinMeasure(measured, *character)
        return found
