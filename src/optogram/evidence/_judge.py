"""`og.judge`: every claim about every unit, against wrong pictures and against untrained twins, from one pass a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from optogram.errors import SettingError
from optogram.evidence._family import Family, settle
from optogram.evidence._result import Evidence
from optogram.evidence._twins import claims_of_twins, measure_twins
from optogram.evidence._view import Patches, SiteView, look
from optogram.evidence._viewers import NetworkViewer, Viewer, as_viewer
from optogram.images.open_images import open_images
from optogram.images.photos import Photos
from optogram.progress import Progress, track
from optogram.registry import Registry
from optogram.result import Provenance
from optogram.statistics.multiplicity import adjust

if TYPE_CHECKING:
    from optogram.exemplars.result import Sweep
    from optogram.network.network import Network
    from optogram.network.site import Site

CLAIMS = Registry("optogram.evidence", "claim")


def judge(
    network: Network,
    photos: Photos | Any,
    sweep: Sweep | None = None,
    sites: Sequence[str] | None = None,
    claims: Sequence[str] | None = None,
    viewer: str | Viewer | Network = "bank",
    twins: int = 39,
    seed: int = 0,
    *,
    twin_kind: Literal["reinit", "shuffle"] = "reinit",
    level: float = 0.05,
    checkpoint: str | Path | None = None,
    progress: Progress = True,
) -> Evidence:
    """Tests claims about every unit of the sites (default ones) on the panel's photographs.

    Each claim meets two nulls: its own (for `identification`, the wrong pictures) and `twins` untrained networks of the same
    architecture (`reinit` draws weights anew, `shuffle` permutes them), which pass the same photographs through the same
    probe places and the same viewer. What is chosen in one fold is tested in the other. `viewer` is `"bank"` or another loaded
    network; the network itself is refused. One forward pass over the panel a twin; finished twins are kept in `checkpoint`.
    With fewer than 21 twins no unit can be shown alone at q .05, and the verdicts say so. Raises `SettingError` for unknown
    claims, `InputError` for photographs that do not fit.
    """
    if twins < 1:
        raise SettingError(f"judging needs at least 1 twin, and 21 to show anything at q .05; got {twins}")
    eye = as_viewer(viewer, network)
    measures = [CLAIMS.get(name) for name in claims or CLAIMS.names()]
    photos = photos if isinstance(photos, Photos) else open_images(photos, channels=network.channels)
    if sweep is None:
        from optogram.exemplars.sweep import sweep as make_sweep

        sweep = make_sweep(network, photos, sites=sites, seed=seed, progress=progress)
    chosen = [network.site(address) for address in sites] if sites is not None else [network.site(address) for address in sweep.sites]
    patches = _patches(network, photos, sweep, chosen, eye, progress)
    views = {site.address: SiteView(site, _flat(sweep.panel.probes(site.address)), patches[site.address]) for site in chosen}
    twin_measures = measure_twins(network, photos, sweep, views, measures, twins, twin_kind, seed, checkpoint, progress, _sees(eye))
    families = []
    with track("verdicts", len(views) * len(measures), progress) as advance:
        for view in views.values():
            for claim in measures:
                families.append(Family.of(claim, view, eye.name, twin_measures, twin_kind))
                advance(1)
    gates = adjust(np.array([family.gate.p for family in families], dtype=np.float64))
    twins_say = zip(*claims_of_twins([family.twins for family in families], level), strict=True)
    settled = [settle(family, float(gate), level, *said) for family, gate, said in zip(families, gates, twins_say, strict=True)]
    return Evidence(
        rows=tuple(row for rows, _ in settled for row in rows),
        families=tuple(summary for _, summary in settled),
        provenance=Provenance(
            "judge",
            network.name,
            network.weights_hash,
            images=sweep.provenance.images,
            method=",".join(claim.name for claim in measures),
            settings={"viewer": eye.name, "twins": twins, "twin_kind": twin_kind, "sites": [site.address for site in chosen], "level": level},
            seed=seed,
        ),
        level=level,
    )


def _patches(network: Network, photos: Photos, sweep: Sweep, sites: Sequence[Site], viewer: Viewer, progress: Progress) -> dict[str, Patches]:
    """Each site's patches as the viewer sees them; sites with the same places and the same fields share them."""
    from optogram.network.receptive_field import fields_of

    panel = sweep.panel
    frames = [image.permute(1, 2, 0).contiguous().numpy() for image in panel.images(network, photos)]
    fields = fields_of(network, sites)
    shared: dict[Any, Patches] = {}
    found = {}
    with track("patches", len(sites), progress) as advance:
        for site in sites:
            field = fields[site.address]
            places = panel.probe_places(site.address)
            boxes = [[field.box(site.place_at(int(place))) for place in row] for row in places]
            key = tuple(tuple(box.as_tuple() for box in row) for row in boxes)
            if key not in shared:
                shared[key] = look(viewer, frames, boxes, np.asarray(panel.folds))
            found[site.address] = shared[key]
            advance(1)
    return found


def _sees(viewer: Viewer) -> str:
    """What tells viewers apart beside their names: the weights of one that is a network."""
    return f"{viewer.name}|{viewer.network.weights_hash if isinstance(viewer, NetworkViewer) else ''}"


def _flat(probes: np.ndarray) -> np.ndarray:
    """[photograph, probe, unit] as [patch, unit]."""
    return np.asarray(probes.reshape(-1, probes.shape[-1]), dtype=np.float32)
