"""Everything of one site on disk: tables, plates, synthesised pictures, sprite sheets."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from optogram.atlas.alt import picture_alt
from optogram.atlas.folder import Folder, slug
from optogram.atlas.frames import Frames
from optogram.atlas.held_out import responses
from optogram.atlas.histogram import histogram
from optogram.atlas.judged import default_order, evidence_rows, leading, summaries
from optogram.atlas.mapped import mapped, write_maps
from optogram.atlas.packs import Place, write_packs
from optogram.atlas.plates import CELL, Shown, chosen, exemplar_rows, patches, plates
from optogram.atlas.references import UNITS as REFERRED
from optogram.atlas.references import references, write_references
from optogram.atlas.schema import FieldSize, File, SiteEntry, Sprites
from optogram.atlas.seen import usual_of
from optogram.atlas.sprites import MIPS, Picture, squares, tiled, webp, write_sprites
from optogram.atlas.tables import schemas

if TYPE_CHECKING:
    from optogram.evidence._result import Evidence, Row
    from optogram.exemplars.result import Sweep
    from optogram.geometry import Box
    from optogram.network.network import Network
    from optogram.network.site import Site

PICTURE_CELL = 160
PICTURE_COLUMNS = 3
EXEMPLARS_EACH = 256
"""Units whose exemplars are in one table: about 1 MB with long names, which a page reads at once."""
THREADS = 2
"""Sites written at once."""
LEAST_PICTURED = 0.5
"""Where fewer of a site's units have a synthesised picture, a grid of them would be a grid of gaps: each is on its unit's page only."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One synthesised picture, as uint8 [height, width, channel], with its seed and how far it got; `None` where it failed."""

    image: Picture | None
    activation: float
    verdict: str
    seed: int


@dataclass(frozen=True, slots=True)
class Pictures:
    """Synthesised pictures of some units of a site, one a start, those that succeeded first; after so many steps."""

    units: dict[int, list[Drawn]]
    steps: int

    def shown(self, unit: int) -> list[Picture]:
        """The unit's pictures that succeeded."""
        return [one.image for one in self.units.get(unit, []) if one.image is not None]


NONE = Pictures({}, 0)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one site when it is written; `held_out` are rows of the panel; the network `mapping` maps the exemplars of `mapped` units,
    and `referred` units get references of either half.
    """

    site: Site
    number: int
    field: Box | None
    sweep: Sweep
    pictures: Pictures
    weights: list[Picture] | None
    evidence: Evidence | None
    k: int
    links: dict[str, list[Any]] | None = None
    tuning: dict[str, list[Any]] | None = None
    held_out: Int[np.ndarray, " row"] | None = None
    methods: tuple[str, ...] = ()
    reads: Sequence[str] = ()
    mapping: Network | None = None
    mapped: int = 0
    referred: int = REFERRED


def write_sites(folder: Folder, network_slug: str, every: Iterable[Known], frames: Frames) -> Iterator[SiteEntry]:
    """Writes sites' files and gives their entries in order, two sites at a time: tables are made while the other's pictures are.

    Where the build is stopped, so are both.
    """
    under_way: deque[Future[SiteEntry]] = deque()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="optogram-pages") as pool:
        try:
            for known in every:
                under_way.append(pool.submit(write_site, folder, network_slug, known, frames))
                if len(under_way) > THREADS:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BaseException:
            frames.close()
            raise


def write_site(folder: Folder, network_slug: str, known: Known, frames: Frames) -> SiteEntry:
    """Writes a site's files in the default order of its units and gives its entry in the manifest."""
    site = known.site
    directory = f"data/{network_slug}/{known.number:03d}-{slug(site.address)}"
    rows = leading(known.evidence, site.address)
    order = default_order(rows, site.units)
    moments = known.sweep.moments(site.address)
    dead = _dead(moments)
    cells = [[] if dead[unit] else chosen(known.sweep, site, unit, known.k) for unit in order]
    plate_files, plate_places = write_packs(folder, directory, "plates", plates(frames, cells, known.k))
    pictures = [known.pictures.shown(unit) for unit in order]
    picture_files, picture_places = write_packs(folder, directory, "pictures", (_sheet(images) if images else None for images in pictures))
    referred = references(known.sweep, site, cells, known.referred)
    references_file, reference_packs = write_references(folder, directory, site.address, referred, frames)
    method, maps = mapped(known.mapping, site, cells, frames, known.methods, known.mapped) if known.mapping is not None else (None, {})
    map_files, map_columns = write_maps(folder, directory, maps, cells)
    parts = [cells[first : first + EXEMPLARS_EACH] for first in range(0, max(1, len(cells)), EXEMPLARS_EACH)]
    exemplars = [
        folder.table(directory, f"exemplars-{number}", exemplar_rows(site, part, known.k, map_columns), schemas()["exemplars"])
        for number, part in enumerate(parts)
    ]
    files = {
        "units": folder.tables(directory, "units", _unit_rows(known, order, rows, moments, dead, plate_places, picture_places), schemas()["units"]),
        "evidence": _tables(folder, directory, "evidence", evidence_rows(known.evidence, site.address) if known.evidence is not None else None),
        "links": _tables(folder, directory, "links", known.links),
        "tuning": _tables(folder, directory, "tuning", known.tuning),
        "responses": _responses_files(folder, directory, known, order),
    }
    return SiteEntry(
        address=site.address,
        slug=slug(site.address),
        number=known.number,
        kind=site.kind,
        layout=site.layout,
        units=site.units,
        held=site.units,
        grid=list(site.grid),
        field=None if known.field is None else FieldSize(height=known.field.height, width=known.field.width, clipped=known.field.clipped),
        rectified=site.rectified,
        units_file=files["units"][0],
        more={name: parts[1:] for name, parts in files.items() if len(parts) > 1},
        exemplars_file=exemplars[0],
        exemplars_more=exemplars[1:],
        exemplars_each=EXEMPLARS_EACH,
        evidence_file=_first(files["evidence"]),
        references_file=references_file,
        links_file=_first(files["links"]),
        tuning_file=_first(files["tuning"]),
        responses_file=_first(files["responses"]),
        map_method=method,
        packs={"plates": plate_files, "pictures": picture_files, "maps": map_files, "references": reference_packs},
        sprites=_sprites(folder, directory, known, order, cells, [images[0] if images else None for images in pictures], frames),
        plate_columns=known.k,
        plate_cell=CELL,
        picture_cell=PICTURE_CELL,
        claims=summaries(known.evidence, site.address),
        dead=int(dead.sum()),
        reads=list(known.reads),
    )


def _tables(folder: Folder, directory: str, name: str, rows: dict[str, list[Any]] | None) -> list[File]:
    """The table's files; none where there is nothing to tell."""
    return folder.tables(directory, name, rows, schemas()[name]) if rows and rows["unit"] else []


def _first(files: list[File]) -> File | None:
    return files[0] if files else None


def _responses_files(folder: Folder, directory: str, known: Known, order: list[int]) -> list[File]:
    """Each unit's responses to what is held out, in float32."""
    if known.held_out is None or not len(known.held_out):
        return []
    content = responses(known.sweep.panel, known.site.address, known.held_out, order)
    return folder.pieces(directory, "responses", content, 4 * len(known.held_out))


def _sprites(
    folder: Folder, directory: str, known: Known, order: list[int], cells: list[list[Shown]], pictures: list[Picture | None], frames: Frames
) -> list[Sprites]:
    strongest = _firsts(frames, cells, "top", None)
    middle = _firsts(frames, cells, "quantile", 0.75)
    sheets = write_sprites(folder, directory, "strongest", strongest) + write_sprites(folder, directory, "middle", middle)
    if sum(image is not None for image in pictures) >= LEAST_PICTURED * len(pictures):
        sheets += write_sprites(folder, directory, "synthesised", pictures)
    if known.weights is not None:
        sheets += write_sprites(folder, directory, "weights", [known.weights[unit] for unit in order])
    return sheets


def _firsts(frames: Frames, cells: list[list[Shown]], kind: str, quantile: float | None) -> list[Picture | None]:
    """Each unit's first exemplar of that kind, none for a dead one."""
    first = [next((one.exemplar for one in found if one.kind == kind and (quantile is None or one.quantile == quantile)), None) for found in cells]
    made = iter(patches(frames, [one for one in first if one is not None], MIPS[-1]))
    return [None if one is None else next(made) for one in first]


def _dead(moments: Any) -> np.ndarray:
    """Units that gave one and the same value on every photograph: there is no exemplar to speak of."""
    return np.asarray((moments.least == moments.greatest) | ~np.isfinite(moments.greatest))


def _sheet(images: Sequence[Picture]) -> bytes:
    """A unit's pictures in cells, three a row."""
    return webp(tiled(squares(images, PICTURE_CELL), min(PICTURE_COLUMNS, len(images)), PICTURE_CELL))


def _unit_rows(
    known: Known,
    order: list[int],
    rows: dict[int, Row],
    moments: Any,
    dead: np.ndarray,
    plate_places: list[Place],
    picture_places: list[Place],
) -> dict[str, list[Any]]:
    table: dict[str, list[Any]] = {name: [] for name in schemas()["units"].names}
    panel = known.sweep.panel.greatest(known.site.address)
    usual = usual_of(known.sweep.panel, known.site.address)
    for cell, unit in enumerate(order):
        record = {
            "unit": unit,
            "label": known.site.labels[unit] if known.site.labels else None,
            "cell": cell,
            "dead": bool(dead[unit]),
            **_claimed(rows.get(unit)),
            **_responses(moments, unit, panel[:, unit]),
            "place_mean": float(usual.place_mean[unit]),
            "place_sd": float(usual.place_sd[unit]) if usual.live_at_places[unit] else 0.0,
            **_placed("plate", plate_places[cell]),
            **_placed("picture", picture_places[cell]),
            **_pictured(known, unit, float(moments.greatest[unit])),
        }
        for name, values in table.items():
            values.append(record[name])
    return table


def _claimed(row: Row | None) -> dict[str, Any]:
    if row is None:
        return {"verdict": "not tested", "sentence": None, "effect": None, "q": None}
    return {"verdict": row.verdict, "sentence": row.sentence, "effect": row.effect, "q": row.q}


def _responses(moments: Any, unit: int, panel: Float[np.ndarray, " photographs"]) -> dict[str, Any]:
    bins = histogram(panel)
    q05, q25, q50, q75, q95 = (float(value) for value in np.quantile(panel[np.isfinite(panel)], (0.05, 0.25, 0.5, 0.75, 0.95)))
    return {
        **{name: float(getattr(moments, name)[unit]) for name in ("zero", "mean", "sd", "least", "greatest")},
        "q05": q05,
        "q25": q25,
        "q50": q50,
        "q75": q75,
        "q95": q95,
        "bins": list(bins.counts),
        "bin_low": bins.low,
        "bin_high": bins.high,
        "bin_scale": bins.scale,
    }


def _placed(name: str, place: Place) -> dict[str, Any]:
    return {f"{name}_pack": place.pack, f"{name}_offset": place.offset, f"{name}_length": place.length}


def _pictured(known: Known, unit: int, greatest: float) -> dict[str, Any]:
    drawn = known.pictures.units.get(unit, [])
    if not drawn:
        return {"picture_count": 0, **dict.fromkeys(("picture_activation", "picture_verdict", "picture_alt", "picture_activations", "picture_alts"))}
    shown = [one for one in drawn if one.image is not None]
    alts = [_alt(known, unit, one, greatest) for one in drawn]
    return {
        "picture_count": len(shown),
        "picture_activation": drawn[0].activation,
        "picture_verdict": drawn[0].verdict,
        "picture_alt": alts[0],
        "picture_activations": [one.activation for one in shown],
        "picture_alts": alts[: len(shown)],
    }


def _alt(known: Known, unit: int, one: Drawn, greatest: float) -> str:
    return picture_alt(f"{known.site.address}:{unit}", one.seed, known.pictures.steps, one.verdict, one.activation, greatest)
