"""`og.judge`: every claim about every unit, against wrong pictures and against untrained twins, from one pass a network."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from optogram import memory
from optogram.errors import InputError, SettingError
from optogram.evidence._claim import Claim, Measured
from optogram.evidence._family import Family, Settling, settle
from optogram.evidence._making import Making
from optogram.evidence._mapped import Mapped
from optogram.evidence._result import Evidence, Row, SiteClaim
from optogram.evidence._rules import DRAWING, rules
from optogram.evidence._scene import recorded, scenes_of
from optogram.evidence._side_by_side import side_by_side
from optogram.evidence._twin_kinds import Asked, Kind, kinds_of
from optogram.evidence._twins import STANDARDISED_ON, Measures, claims_of_twins, measure_all, measure_twins
from optogram.evidence._view import LACKING, Patches, SiteView, Stimuli, look
from optogram.evidence._viewers import NetworkViewer, Viewer, as_viewer
from optogram.images.open_images import open_images
from optogram.images.photos import Photos
from optogram.progress import Progress, track
from optogram.registry import Registry
from optogram.result import Provenance
from optogram.statistics.gate import corrected

if TYPE_CHECKING:
    from optogram.exemplars.panel import Panel
    from optogram.exemplars.result import Sweep
    from optogram.network.network import Network
    from optogram.network.site import Site

CLAIMS = Registry("optogram.evidence", "claim")


@memory.kept()
def judge(
    network: Network,
    photos: Photos | Any,
    sweep: Sweep | None = None,
    sites: Sequence[str] | str | None = None,
    claims: Sequence[str] | str | None = None,
    viewer: str | Viewer | Network = "bank",
    twins: int = 39,
    seed: int = 0,
    *,
    twin_kind: Asked = None,
    level: float = 0.05,
    checkpoint: str | Path | None = None,
    twin_sweep: Sweep | None = None,
    marks: Mapping[str, bool] | None = None,
    pictures: int | Mapping[str, Any] | None = None,
    maps: str | Callable[..., Any] | Mapping[str, Any] | None = None,
    progress: Progress = True,
) -> Evidence:
    """Tests claims about every unit of the sites (default ones) on the panel's photographs.

    `claims`: names (by default `identification`), or "all" for every one that can be tested on what is known: `selective` needs
    class folders, `hypothesis` a reader's `marks` (photograph's identity: whether it shows what the reader has in mind), and those
    about synthesised pictures want `pictures` to be given: of how many units a site they are made (32 where such a claim is named), or
    `units` (a number, or addresses), `steps` and other keywords of `og.synthesize` in a mapping. They are made alike for the network and
    for each twin, once for all claims. Those about maps want `maps`: a method of `og.attribute` ("guided_backprop" where such a claim is
    named), or `method`, `units` (8 a site), `photographs` (10) and the method's settings in a mapping. Each
    meets two nulls: its own (for `identification`, the wrong pictures) and `twins` untrained networks of the same architecture
    (`twin_kind`: `reinit` draws weights anew, `shuffle` permutes them, `both` in turn, which is the default from 38 twins on: a family must then
    be beyond the twins of either kind by themselves too), which pass the same photographs through the same probe places and the
    same viewer. What is chosen in one fold is tested in the other. `viewer` is `"bank"` or another loaded network; the network
    itself is refused. One forward pass over the panel a twin; finished twins are kept in `checkpoint`, and
    with them all pictures, so that the next viewer finds them made.
    With fewer than 21 twins no unit can be shown alone at q .05, and the verdicts say so. `twin_sweep`, a sweep of the first twin
    with the same panel, adds `Evidence.twin`: what the same rules say of that twin among the others. Raises `SettingError` for
    unknown claims or another panel, `InputError` for photographs that do not fit.
    """
    if twins < 1:
        raise SettingError(f"judging needs at least 1 twin, and 21 to show anything at q .05; got {twins}")
    kinds = kinds_of(twin_kind, twins, level)
    eye, making, mapped = as_viewer(viewer, network), making_of(network, pictures), Mapped.of(maps)
    photos = photos if isinstance(photos, Photos) else open_images(photos, channels=network.channels)
    sites = [sites] if isinstance(sites, str) else sites
    claims = ("identification",) if claims is None else (claims,) if isinstance(claims, str) and claims != "all" else claims
    for name in () if claims == "all" else claims:
        CLAIMS.get(name)
    if sweep is None:
        from optogram.exemplars.sweep import sweep as make_sweep

        sweep = make_sweep(network, photos, sites=sites, seed=seed, progress=progress)
    chosen = [network.site(address) for address in sites] if sites is not None else [network.site(address) for address in sweep.sites]
    dear = {name for name, given in (("pictures", pictures), ("maps", maps)) if given is None}
    wanted = _claims(claims, stimuli_of(photos, sweep.panel, marks), dear)
    recorders = [recorder for claim in wanted for recorder in claim.records]
    views = site_views(network, photos, sweep, chosen, eye, progress, marks, keep=any(recorder.looks for recorder in recorders))
    record, of_first = None, dict[str, Mapping[str, Any]]()
    if recorders:
        shown = sweep.panel.images(network, photos)
        scenes = scenes_of(network, shown, sweep, chosen, eye, making, seed, mapped, checkpoint)
        first = f"{network.name}:{kinds[0]}{seed}" if twin_sweep is not None else None

        def record(one: Network, view: SiteView) -> SiteView:
            asked = [recorder for recorder in recorders if recorder.twins or one is network]
            found = recorded(one, view, scenes[view.site.address], asked)
            if one.name == first and one is not network:
                of_first[view.site.address] = found.recorded
            return found

        with track("pictures", len(views), progress) as advance:
            for site, view in views.items():
                views[site] = record(network, view)
                advance(1)
    measured = side_by_side(partial(measure_all, wanted), views.values())
    own = {(site, name): one for site, by_claim in zip(views, measured, strict=True) for name, one in by_claim.items()}
    made = f"|{making}|{mapped}|{rules(DRAWING)}" if recorders else ""
    twin_measures = measure_twins(network, photos, sweep, views, wanted, own, kinds, seed, checkpoint, progress, _sees(eye), record, made)
    settings = {"viewer": eye.name, "twins": twins, "twin_kind": " and ".join(dict.fromkeys(kinds)), "sites": list(views), "level": level}
    settings |= {"pictures": str(making)} if any(recorder.looks for recorder in recorders) else {}
    settings |= {"maps": str(mapped)} if any("maps" in claim.needs for claim in wanted) else {}
    method = ",".join(claim.name for claim in wanted)
    provenance = Provenance("judge", network.name, network.weights_hash, sweep.provenance.images, method, settings, seed)
    measures = _Measures(views, wanted, eye.name, own, twin_measures, kinds)
    found = _evidence(measures, level, provenance, progress)
    if twin_sweep is None or twins < 2:
        return found
    told = replace(provenance, network=twin_sweep.provenance.network, weights=twin_sweep.provenance.weights)
    seen = _views_of(twin_sweep, views)
    if record is not None:
        # Measured among the twins it was recorded there; where a checkpoint held it, it is recorded now.
        twin = None if of_first else network.twin(kinds[0], seed, shown[:STANDARDISED_ON].float() / 255)
        seen = {site: record(twin, view) if twin is not None else replace(view, recorded=of_first[site]) for site, view in seen.items()}
    return replace(found, twin=_evidence(_of_twin(measures, seen), level, told, progress))


@dataclass(frozen=True, slots=True)
class _Measures:
    """What every claim found at every site, in one network and in the twins that it is compared with."""

    views: Mapping[str, SiteView]
    claims: Sequence[Claim]
    eye: str
    own: Mapping[tuple[str, str], Measured]
    twins: Measures
    kinds: Sequence[Kind]

    def family(self, claim: Claim, site: str) -> Family:
        """One claim at one site, the network's measure beside its twins'."""
        key = site, claim.name
        view = replace(self.views[site])  # what is worked out of it goes with it
        return Family.of(claim, view, self.eye, self.own[key], self.twins[key], self.kinds)


def _evidence(found: _Measures, level: float, provenance: Provenance, progress: Progress) -> Evidence:
    """Verdicts from measures: claim by claim, gates corrected over the sites."""
    rows: list[Row] = []
    summaries: list[SiteClaim] = []
    with track("verdicts", len(found.views) * len(found.claims), progress) as advance:
        for claim in found.claims:
            families = []
            for family in side_by_side(partial(found.family, claim), found.views):
                families.append(family)
                advance(1)
            for told, summary in _settled(families, level):
                rows += told
                summaries.append(summary)
    place = {site: number for number, site in enumerate(found.views)}
    return Evidence(
        rows=tuple(sorted(rows, key=lambda row: (place[row.site], row.index))),
        families=tuple(sorted(summaries, key=lambda family: place[family.site])),
        provenance=provenance,
        level=level,
    )


def _views_of(sweep: Sweep, views: Mapping[str, SiteView]) -> dict[str, SiteView]:
    """The same patches with the responses of the twin that this is the sweep of, and none of the network's records."""
    seen = {site: replace(view, responses=_flat(sweep.panel.probes(site)), recorded={}) for site, view in views.items()}
    if any(len(view.responses) != len(views[site].responses) for site, view in seen.items()):
        raise SettingError("twin_sweep has another panel than sweep: sweep the twin with the same photographs, panel, probes and seed")
    return seen


def _of_twin(found: _Measures, views: Mapping[str, SiteView]) -> _Measures:
    """The first twin in the network's place, and the other twins in its twins'. Words about units are not kept with a twin's measures."""
    own = {key: replace(twins[0].found, notes=()) for key, twins in found.twins.items()}
    return _Measures(views, found.claims, found.eye, own, {key: twins[1:] for key, twins in found.twins.items()}, found.kinds[1:])


def making_of(network: Network, pictures: int | Mapping[str, Any] | None) -> Making:
    """How pictures are made, with units' addresses spelt as the network does; `AddressError` for those that it has not."""
    making = Making.of(pictures)
    if isinstance(making.units, int):
        return making
    return making.resolved([f"{unit.site.address}:{unit.index}" for address in making.units for unit in network.units(address)])


def _claims(names: Sequence[str] | Literal["all"], stimuli: Stimuli, dear: Collection[str]) -> list[Claim]:
    """The claims asked for, or all for which everything is known but those that need what is `dear` and was not asked for.

    `SettingError` for one that is unknown or lacks what it needs.
    """
    if names == "all":
        every = map(CLAIMS.get, CLAIMS.names())
        return [claim for claim in every if not stimuli.lacking(claim.needs) and not {*claim.needs} & {*dear}]
    found: list[Claim] = [CLAIMS.get(name) for name in names]
    for claim in found:
        if lacking := stimuli.lacking(claim.needs):
            raise SettingError(f"the claim {claim.name} needs {' and '.join(LACKING[one] for one in lacking)}")
    return found


def _settled(families: list[Family], level: float) -> list[tuple[list[Row], SiteClaim]]:
    """One claim's verdicts at every site. Its gates are corrected over the sites: claims are different questions, each with its own family."""
    gates = corrected([family.gate for family in families])
    kinds = families[0].kinds if families else ()
    said = zip(*claims_of_twins([family.statistics for family in families], [family.twins for family in families], level, kinds), strict=True)
    return [settle(family, Settling(float(gate), len(families), level, *one)) for family, gate, one in zip(families, gates, said, strict=True)]


def site_views(
    network: Network,
    photos: Photos,
    sweep: Sweep,
    sites: Sequence[Site],
    viewer: Viewer,
    progress: Progress = True,
    marks: Mapping[str, bool] | None = None,
    *,
    keep: bool = False,
) -> dict[str, SiteView]:
    """What claims see of each site: the panel's responses at the probe places, and their patches in the viewer's eyes.

    `keep`: with the viewer's gaze, so that pictures can be compared with the patches; 19 kB a patch by the bank.
    """
    stimuli = stimuli_of(photos, sweep.panel, marks)
    patches = _patches(network, photos, sweep, sites, viewer, progress, keep)
    return {site.address: SiteView(site, _flat(sweep.panel.probes(site.address)), patches[site.address], stimuli) for site in sites}


def stimuli_of(photos: Photos, panel: Panel, marks: Mapping[str, bool] | None = None) -> Stimuli:
    """Class folders, groups and a reader's marks of the panel's photographs; `InputError` for marks of photographs that it does not hold."""
    groups = [photos.group(int(index)) for index in panel.indices]
    labels = tuple(photos.label(int(index)) for index in panel.indices)
    numbers = np.asarray(np.unique(groups, return_inverse=True)[1], np.int64)
    if marks is None:
        return Stimuli(labels, numbers)
    if not any(identity in marks for identity in panel.identities):
        named = ", ".join(list(marks)[:3])
        raise InputError(f"none of the {len(marks)} marked photographs ({named} ...) is on the panel; its identities are like {panel.identities[0]}")
    return Stimuli(labels, numbers, tuple(marks.get(identity) for identity in panel.identities))


def _patches(
    network: Network, photos: Photos, sweep: Sweep, sites: Sequence[Site], viewer: Viewer, progress: Progress, keep: bool
) -> dict[str, Patches]:
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
                shared[key] = look(viewer, frames, boxes, np.asarray(panel.folds), keep)
            found[site.address] = shared[key]
            advance(1)
    return found


def _sees(viewer: Viewer) -> str:
    """What tells viewers apart beside their names: the weights of one that is a network."""
    return f"{viewer.name}|{viewer.network.weights_hash if isinstance(viewer, NetworkViewer) else ''}"


def _flat(probes: np.ndarray) -> np.ndarray:
    """[photograph, probe, unit] as [patch, unit]."""
    return np.asarray(probes.reshape(-1, probes.shape[-1]), dtype=np.float32)
