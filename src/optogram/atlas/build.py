"""`build_atlas`: sweep, weights, synthesis, attribution, evidence, and the site that shows them; each step is kept when done."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from optogram import memory
from optogram.atlas.alone import alone_in
from optogram.atlas.branches import branches
from optogram.atlas.findings import findings, opening
from optogram.atlas.folder import Folder, slug, write_atomically
from optogram.atlas.frames import Frames
from optogram.atlas.gallery import ATTRIBUTED_SITES, Gallery, as_image
from optogram.atlas.held_out import held_out
from optogram.atlas.links import linked
from optogram.atlas.mapped import UNITS as MAPPED
from optogram.atlas.pictures import pictured_sites, synthesise_site
from optogram.atlas.references import UNITS as REFERRED
from optogram.atlas.schema import SCHEMA_VERSION, LeftOutFile, Manifest, NetworkEntry, SiteEntry, Source, Whole
from optogram.atlas.seen import usual_of
from optogram.atlas.settings import WORKSHOP, Settings, changed, claim_folder, fingerprint
from optogram.atlas.site_files import NONE, Known, Pictures, write_sites
from optogram.atlas.tuned import tuned
from optogram.atlas.whole import whole_photographs
from optogram.attribution._attribute import METHODS
from optogram.errors import NotDefinedError, OptogramError, Stopped
from optogram.evidence._judge import CLAIMS
from optogram.images.open_images import open_images
from optogram.images.photos import Photos
from optogram.network.network import Network
from optogram.progress import Progress, numbered, track
from optogram.result import versions

if TYPE_CHECKING:
    from optogram.atlas.open import Atlas
    from optogram.atlas.sprites import Picture
    from optogram.evidence._result import Evidence
    from optogram.exemplars.result import Sweep
    from optogram.network.site import Site


@memory.kept()
def build_atlas(
    network: Network, photos: Photos | Any, path: str | Path, *, settings: Settings | None = None, progress: Progress = True, **changes: Any
) -> Atlas:
    """Builds an atlas of the network in the folder `path`, or goes on with one that was interrupted.

    `photos` is what `og.open_images` gives, or anything it takes. Settings (see `Settings`) are given together or one by one, as
    in `build_atlas(net, photos, "my-atlas", twins=39, pictures="all")`. A build that was killed at any moment is gone on with by
    the same call and ends with the same bytes. Raises `StaleError` where the folder holds an atlas of something else.
    """
    from optogram.atlas.open import open_atlas

    settings = changed(settings, changes)
    photos = photos if isinstance(photos, Photos) else open_images(photos, channels=network.channels)
    root = Path(path)
    # Sites, methods and the viewer are looked up before the folder is claimed: a misspelt one must not keep the right command out of it.
    build = _Build(network, photos, root, settings, progress)
    claim_folder(root, fingerprint(network, photos, settings, build.eye if isinstance(build.eye, Network) else None))
    with alone_in(root):
        if not (root / "manifest.json").exists():
            try:
                build.run()
            except KeyboardInterrupt as interrupt:
                raise Stopped(f"stopped; what is done so far is kept in {root}. Go on with the same command.") from interrupt
        build.clear()
    return open_atlas(root)


class _Build:
    def __init__(self, network: Network, photos: Photos, root: Path, settings: Settings, progress: Progress) -> None:
        self.network, self.photos, self.root, self.settings, self.progress = network, photos, root, settings, progress
        self.folder = Folder(root)
        self.sites: list[Site] = list(network.sites()) if settings.sites is None else [network.site(address) for address in settings.sites]
        self.pictured = pictured_sites(self.sites, _canonical(network, settings.pictures))
        self.close = {site.address for site in (*self.pictured, *pictured_sites(self.sites, "stages"))}
        for method in settings.methods:
            METHODS.get(method)
        for claim in settings.claims or ():
            if claim != "all":
                CLAIMS.get(claim)
        self.eye = _eye(network, settings)
        twins = settings.twins
        parts = {"sweep": True, "evidence": twins > 0, "synthesis": bool(self.pictured), "pages": True, "attribution": settings.attributed > 0}
        self.parts = [name for name, wanted in (parts | {"twin": settings.twin_pages and twins > 1}).items() if wanted]

    def _part(self, name: str) -> Progress:
        """How far one part of the build has come, under its number."""
        return numbered(self.progress, self.parts.index(name) + 1, len(self.parts))

    def run(self) -> None:
        sweep = self._sweep(self.network, "sweep", self._part("sweep"))
        twin, twin_sweep = self._twin(sweep)
        evidence = self._evidence(sweep, twin_sweep)
        frames = Frames(self.network, self.photos)
        self.asked = held_out(sweep.panel, self.photos)  # a twin's panel is of the same photographs
        networks = [self._pages(Subject(self.network, self.network.name, None, sweep, evidence, self.settings), frames)]
        if twin is not None and twin_sweep is not None and evidence is not None and evidence.twin is not None:
            networks.append(self._pages(_as_subject(self.network, twin, twin_sweep, evidence.twin, self.settings), frames))
        sites = [site for network in networks for site in network.sites]
        asked = [sweep.panel.identities[row] for row in self.asked]
        whole = whole_photographs(self.folder, sites, frames, self.settings.whole, asked)
        self._finish(networks, whole, asked if whole else [], evidence, sweep)

    def _sweep(self, network: Network, kept: str, progress: Progress) -> Sweep:
        from optogram.exemplars.sweep import sweep

        return sweep(
            network,
            self.photos,
            sites=[site.address for site in self.sites],
            k=self.settings.exemplars,
            panel=self.settings.panel,
            seed=self.settings.seed,
            skip_nonfinite=self.settings.skip_nonfinite,
            checkpoint=self.root / WORKSHOP / kept,
            progress=progress,
        )

    def _twin(self, sweep: Sweep) -> tuple[Network | None, Sweep | None]:
        """The first of the twins that judge, as a network to look at, with its sweep; nothing where it could not be judged by others."""
        if not self.settings.twin_pages or self.settings.twins < 2:
            return None, None
        from optogram.evidence._twin_kinds import kinds_of
        from optogram.evidence._twins import STANDARDISED_ON

        images = sweep.panel.images(self.network, self.photos)[:STANDARDISED_ON].float() / 255
        twin = self.network.twin(kinds_of(self.settings.twin_kind, self.settings.twins)[0], self.settings.seed, images)
        found = self._sweep(twin, "twin-sweep", self._part("evidence"))
        return (twin, found) if found.panel.identities == sweep.panel.identities else (None, None)

    def _evidence(self, sweep: Sweep, twin_sweep: Sweep | None) -> Evidence | None:
        if self.settings.twins == 0:
            return None
        from optogram.evidence._judge import judge

        return judge(
            self.network,
            self.photos,
            sweep=sweep,
            sites=[site.address for site in self.sites],
            claims="all" if self.settings.claims == ("all",) else self.settings.claims,
            viewer=self.eye,
            twins=self.settings.twins,
            twin_kind=self.settings.twin_kind,
            seed=self.settings.seed,
            checkpoint=self.root / WORKSHOP / "evidence",
            twin_sweep=twin_sweep,
            progress=self._part("evidence"),
        )

    def _pages(self, subject: Subject, frames: Frames) -> NetworkEntry:
        """Everything of one network, the files and its entry in the manifest."""
        from optogram.network.receptive_field import fields_of

        network, directory = subject.network, f"data/{slug(subject.name)}/photographs"
        weights = {site.address: drawn for site in self.sites if (drawn := _weights(network, site.address)) is not None}
        told = {name: self._part("twin" if subject.twin else name) for name in ("synthesis", "pages", "attribution") if name in self.parts}
        whose, nine = ("twin-", []) if subject.twin else ("", opening(subject.evidence))
        pictures = {
            site.address: synthesise_site(self.root, network, site, subject.sweep, subject.settings, told["synthesis"], whose, nine)
            for site in self.pictured
        }
        sites = self._write_sites(subject, weights, pictures, frames, told["pages"])
        fields = fields_of(self.network, self.sites)  # a twin's geometry is its network's
        usual = partial(usual_of, subject.sweep.panel)
        gallery = Gallery(
            self.folder, directory, network, self.sites, fields, usual, self.settings.methods, 1 if subject.twin else 2 + ATTRIBUTED_SITES
        )
        return NetworkEntry(
            name=subject.name,
            slug=slug(subject.name),
            twin=subject.twin,
            weights=network.weights_hash,
            channels=network.channels,
            input_size=network.input_size,
            labels=list(network.labels) if network.labels else None,
            sites=sites,
            photographs=gallery.shown(self.photos, frames, self.settings.attributed, told.get("attribution", False)),
        )

    def _write_sites(
        self, subject: Subject, weights: Mapping[str, list[Picture]], pictures: Mapping[str, Pictures], frames: Frames, progress: Progress
    ) -> list[SiteEntry]:
        from optogram.network.receptive_field import measure_all

        fields = measure_all(self.network, self.sites)
        links = _followed(lambda: _links(subject.network, self.sites, subject.sweep, frames))
        reads = _followed(lambda: branches(subject.network, self.sites))

        def known(number: int, site: Site) -> Known:
            return Known(
                site=site,
                number=number,
                field=fields.get(site.address),
                sweep=subject.sweep,
                pictures=pictures.get(site.address, NONE),
                weights=weights.get(site.address),
                evidence=subject.evidence,
                k=subject.settings.exemplars,
                links=links.get(site.address),
                reads=reads.get(site.address, ()),
                tuning=tuned(subject.network, site, fields[site.address]) if site.address in fields.keys() & self.close else None,
                held_out=self.asked,
                methods=self.settings.methods,
                mapping=subject.network if self.settings.attributed and site.address in self.close else None,
                mapped=TWIN_PICTURES if subject.twin else MAPPED,
                referred=TWIN_REFERRED if subject.twin else REFERRED,
            )

        entries = []
        every = (known(number, site) for number, site in enumerate(self.sites))
        with track("pages", sum(site.units for site in self.sites), progress) as advance:
            for site, entry in zip(self.sites, write_sites(self.folder, slug(subject.name), every, frames), strict=True):
                entries.append(entry)
                advance(site.units)
        return entries

    def _finish(self, networks: list[NetworkEntry], whole: Whole | None, asked: list[str], evidence: Evidence | None, sweep: Sweep) -> None:
        """The viewer, the list of what was left out, the schema, and last of all the manifest: with it the atlas is whole."""
        left_out = [LeftOutFile(name=one.name, reason=one.reason) for one in sweep.left_out]
        if left_out:
            write_atomically(self.root / "left-out.csv", _csv(left_out))
        manifest = Manifest(
            schema_version=SCHEMA_VERSION,
            title=self.network.name,
            networks=networks,
            photographs=Source(
                name=self.photos.source.name,
                count=len(self.photos) - len(left_out),
                panel=len(sweep.panel.identities),
                hash=self.photos.hash,
                left_out=left_out,
            ),
            whole=whole,
            held_out=asked,
            findings=findings(evidence),
            opening=opening(evidence),
            settings={name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self.settings).items()},
            versions=versions(),
        )
        copy_viewer(self.root)
        write_atomically(self.root / "schema.json", json.dumps(Manifest.model_json_schema(), indent=1).encode())
        write_atomically(self.root / "manifest.json", manifest.model_dump_json().encode())

    def clear(self) -> None:
        """Removes what was kept of the steps; an interruption just before leaves it to the next call."""
        for kept in (self.root / WORKSHOP).iterdir():
            if kept.name != "settings.json":
                shutil.rmtree(kept) if kept.is_dir() else kept.unlink()


@dataclass(frozen=True)
class Subject:
    """One network that gets pages: the user's, or the twin, with what is known of it."""

    network: Network
    name: str
    twin: str | None
    sweep: Sweep
    evidence: Evidence | None
    settings: Settings


TWIN_PICTURES = 8
"""Units a site of the twin that get a picture: enough to see that they look no less meaningful."""


TWIN_REFERRED = 12
"""Units a site of the twin that have references of either half."""


TWIN_EXEMPLARS = 4
"""Photographs of each kind on a plate of the twin: plates are most of an atlas, and a network that knows nothing needs no more."""


def _as_subject(network: Network, twin: Network, sweep: Sweep, evidence: Evidence, settings: Settings) -> Subject:
    few = replace(settings, picture_units=min(TWIN_PICTURES, settings.picture_units), exemplars=min(TWIN_EXEMPLARS, settings.exemplars))
    return Subject(twin, f"{network.name}:twin{settings.seed}", f"untrained twin {settings.seed}", sweep, evidence, few)


Found = TypeVar("Found")
SHOWN = 6
"""Photographs of the panel on which it is measured which units a layer reads."""


def _links(network: Network, sites: list[Site], sweep: Sweep, frames: Frames) -> dict[str, dict[str, list[Any]]]:
    """Each site's table of links."""
    shown = [frames[identity] for identity in sweep.panel.identities[:SHOWN]]
    images = torch.cat([as_image(frame) for frame in shown if frame.shape == shown[0].shape])
    return linked(network, sites, {site.address: sweep.moments(site.address).sd for site in sites}, images)


def _followed(find: Callable[[], dict[str, Found]]) -> dict[str, Found]:
    """What is found by gradients between sites; nothing for a network through which none can be followed."""
    try:
        return find()
    except (OptogramError, RuntimeError):
        return {}


def copy_viewer(root: Path) -> None:
    """Puts the built viewer into the folder; what exported pages need alone stays behind."""
    from importlib.resources import as_file, files

    with as_file(files("optogram") / "viewer") as viewer:
        for source in sorted(viewer.rglob("*")):
            if source.is_file() and source.suffix not in {".py", ".pyc"} and "single" not in source.relative_to(viewer).parts:
                write_atomically(root / source.relative_to(viewer), source.read_bytes())


def _eye(network: Network, settings: Settings) -> str | Network:
    """Who looks at the patches; `LoadError` or `SettingError` for a network that there is not, or that may not judge."""
    from optogram.evidence._viewers import as_viewer
    from optogram.network.load import load

    held = settings.viewer_weights, None, settings.viewer_preprocess
    eye = settings.viewer if settings.viewer == "bank" else load(settings.viewer, *held, seed=settings.seed)
    as_viewer(eye, network)
    return eye


def _canonical(network: Network, wish: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """Sites' own addresses for those that were typed; `AddressError` for one that there is not."""
    return wish if isinstance(wish, str) else tuple(network.site(address).address for address in wish)


def _csv(left_out: list[LeftOutFile]) -> bytes:
    """A line a file, quoted as spreadsheets read it whatever the name holds."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("name", "reason"), *((one.name, one.reason) for one in left_out)])
    return text.getvalue().encode()


def _weights(network: Network, site: str) -> list[Picture] | None:
    """A site's weight images, where its weights form an image."""
    from optogram.weights.weight_images import pictures_of, weight_images

    try:
        return [np.asarray(picture) for picture in pictures_of(weight_images(network, site))]
    except NotDefinedError:
        return None
