"""A complete small atlas with planted answers, made by the project's own writers; no network is run.

Unit 0 of every site stands, unit 1 is a salmon, the last is dead. `conv1` has weights, references and pictures (nine of units 0
and 1), the second site a name that must be escaped and more units than a screen, `fc` has labels. A twin lies beside the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tests.browser.small_tables import HAS_MAP, HELD_OUT, MAP, answers, columns, links, references, tuning

from optogram.atlas.alt import exemplar_alt, picture_alt
from optogram.atlas.build import copy_viewer
from optogram.atlas.folder import Folder, slug, write_atomically
from optogram.atlas.gallery import quantised
from optogram.atlas.histogram import histogram
from optogram.atlas.judged import default_order, evidence_rows, leading, summaries
from optogram.atlas.packs import Place, write_packs
from optogram.atlas.plates import CELL, NO_MAP
from optogram.atlas.schema import SCHEMA_VERSION, DrawnMap, FieldSize, File, Finding, Manifest, NetworkEntry, Photograph, SiteEntry, Source, Whole
from optogram.atlas.site_files import PICTURE_CELL
from optogram.atlas.sprites import jpeg, tiled, webp, write_sprites
from optogram.atlas.tables import QUANTILES, schemas
from optogram.evidence._result import Evidence, Row, SiteClaim
from optogram.geometry import Box
from optogram.result import Provenance

NETWORK = "tiny"
TWIN = "tiny:twin0"
LONG = "layer1.0.a_block_with_quite_a_long_name/relu#1"
LABELS = ("tabby", "great white shark", "lemon", "page", "rocket", "dead")
SITES = {"conv1": 12, LONG: 250, "fc": len(LABELS)}
K, TWINS, PHOTOGRAPHS = 9, 9, 50
NINE = (0, 1)
EACH = 100
WEIGHTS = "8f2c1a90d5e3b714"


@dataclass(frozen=True)
class Planted:
    """Where the atlas is, and each site's rows of evidence."""

    root: Path
    evidence: Evidence

    def row(self, site: str, unit: int) -> Row:
        """The unit's row against the twins."""
        return next(row for row in self.evidence.rows if (row.site, row.index, row.null) == (site, unit, "twins"))


def write(root: Path) -> Planted:
    """Writes the atlas into an empty folder."""
    folder = Folder(root)
    evidence = _evidence(np.random.default_rng(1))
    networks = [_network(folder, NETWORK, None, evidence), _network(folder, TWIN, "untrained twin 0", _evidence(np.random.default_rng(2)))]
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        title=NETWORK,
        networks=networks,
        photographs=Source(name="noise", count=PHOTOGRAPHS, panel=PHOTOGRAPHS, hash="0" * 16, left_out=[]),
        whole=_whole(folder),
        held_out=[_photo(number) for number in range(HELD_OUT)],
        findings=[Finding(text="One unit of each site was planted.", address="conv1:0")],
        opening=["conv1:0", "conv1:1"],
        settings={"twins": TWINS, "sites": list(SITES)},
        versions={"optogram": "0"},
    )
    copy_viewer(root)
    write_atomically(root / "manifest.json", manifest.model_dump_json().encode())
    return Planted(root, evidence)


def _network(folder: Folder, name: str, twin: str | None, evidence: Evidence) -> NetworkEntry:
    seed = np.random.default_rng(3 if twin is None else 4)
    return NetworkEntry(
        name=name,
        slug=slug(name),
        twin=twin,
        weights=WEIGHTS if twin is None else WEIGHTS[::-1],
        channels=3,
        input_size=(64, 64),
        labels=list(LABELS),
        sites=[_site(folder, name, number, site, evidence, seed) for number, site in enumerate(SITES)],
        photographs=[_photograph(folder, name, seed)],
    )


def _photograph(folder: Folder, name: str, seed: np.random.Generator) -> Photograph:
    directory = f"data/{slug(name)}/photographs"
    file: File = folder.put(directory, "photo-0", "webp", webp(tiled([noise(seed, 64)], 1, 64)))
    maps, numbers = [], b""
    for target in ("fc:0", "conv1:0"):
        for gain, method in ((1.0, "grad_cam"), (100.0, "gradient")):
            values, limit = quantised(gain * np.outer(np.linspace(-1, 1, 64), np.ones(64)))
            maps.append(DrawnMap(method=method, target=target, response=1.0, limit=limit, note="", height=64, width=64, offset=len(numbers)))
            numbers += values.tobytes()
    return Photograph(
        identity=_photo(0),
        file=file,
        height=64,
        width=64,
        predictions=[("tabby", 3.0), ("lemon", 1.0)],
        seen=folder.table(directory, "seen-0", _seen(), schemas()["seen"]),
        numbers=folder.put(directory, "maps-0", "pack", numbers),
        maps=maps,
    )


def _seen() -> dict[str, list[Any]]:
    """At place (row, column) of conv1 looks unit row + column, in a box of 8 pixels; unit 3 is driven most."""
    common = {"site": "conv1", "rank": 0, "response": 1.0, "above": 2.5}
    most = {**common, "kind": "most", "unit": 3, "share": 0.98, "row": 2, "column": 2, "top": 16, "left": 16, "bottom": 24, "right": 24}
    rows = [most]
    for row in range(8):
        for column in range(8):
            box = {"top": 8 * row, "left": 8 * column, "bottom": 8 * row + 8, "right": 8 * column + 8}
            rows.append({**common, "kind": "place", "unit": min(row + column, 10), "share": float("nan"), "row": row, "column": column, **box})
    return columns("seen", rows)


def _whole(folder: Folder) -> Whole:
    """Seven of nine photographs of exemplars, so that two are not kept, and those held out for marking."""
    seed = np.random.default_rng(5)
    kept = [number for number in range(HELD_OUT) if number not in (7, 8)]
    files, places = write_packs(folder, "data/photographs", "whole", (webp(tiled([noise(seed, 64)], 1, 64)) for _ in kept), 64)
    rows = [
        {"photo": _photo(number), "pack": place.pack, "offset": place.offset, "length": place.length, "height": 64, "width": 64}
        for number, place in zip(kept, places, strict=True)
    ]
    return Whole(
        index=folder.table("data/photographs", "whole", columns("whole", rows), schemas()["whole"]), packs=files, kept=len(kept), count=len(kept) + 2
    )


def _photo(index: int) -> str:
    return f"folder/photo {index}.jpg"


def noise(seed: np.random.Generator, side: int) -> np.ndarray:
    coarse = seed.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((side // 4, side // 4, 1), np.uint8))


def _evidence(seed: np.random.Generator) -> Evidence:
    rows: list[Row] = []
    families = []
    for site, units in SITES.items():
        twins = np.round(seed.normal(0, 1, (TWINS, units)), 4)
        rows += [_row(site, unit, units, twins) for unit in range(units)]
        rows += [own_row(site, unit, units) for unit in range(units)]
        families += [_family(site, units, twins), _own_family(site, units)]
    return Evidence(tuple(rows), tuple(families), Provenance(verb="judge", network=NETWORK, weights=WEIGHTS))


def _row(site: str, unit: int, units: int, twins: np.ndarray) -> Row:
    verdict = {0: "stands", 1: "salmon", 2: "leans", units - 1: "not tested"}.get(unit, "can't tell")
    effect = {0: 4.5, 1: 0.1, 2: 2.5, units - 1: float("nan")}.get(unit, 1.0 + unit / units)
    count = int((twins >= effect).sum())
    p = (1 + count) / (1 + twins.size)
    said = f"{count} of {twins.size:,} units of {TWINS} untrained twins do as well, to the viewer bank; {PHOTOGRAPHS} photographs"
    tested = verdict != "not tested"
    return Row(
        unit=f"{site}:{unit}",
        site=site,
        index=unit,
        claim="identification",
        viewer="bank",
        null="twins",
        effect=effect,
        low=effect - 0.5,
        high=effect + 0.5,
        p=p if tested else float("nan"),
        q=min(1.0, 2 * p) if tested else float("nan"),
        floor=1 / (1 + twins.size),
        count=count,
        draws=twins.size,
        verdict=verdict,
        sentence=("An untrained network says the same: " if verdict == "salmon" else "") + said if tested else "Not tested: it never changes.",
    )


def own_row(site: str, unit: int, units: int) -> Row:
    """A second claim, which twins have no say in."""
    tested = unit < units - 1
    p = (1 + unit) / (1 + units)
    return Row(
        unit=f"{site}:{unit}",
        site=site,
        index=unit,
        claim="planted",
        viewer="",
        null="shuffled labels",
        effect=1 - p if tested else float("nan"),
        low=0.5 - p if tested else float("nan"),
        high=1.5 - p if tested else float("nan"),
        p=p if tested else float("nan"),
        q=min(1.0, 2 * p) if tested else float("nan"),
        floor=1 / (1 + units),
        count=unit,
        draws=units,
        verdict="stands" if tested and unit < 2 else "can't tell" if tested else "not tested",
        sentence=f"{unit} of {units} shuffled labels do as well." if tested else "Not tested: it never changes.",
    )


def _own_family(site: str, units: int) -> SiteClaim:
    return SiteClaim(
        site=site,
        claim="planted",
        title="Follows the labels",
        unit_of_effect="area under the curve",
        viewer="",
        chance=0.5,
        photographs=PHOTOGRAPHS,
        tested=units - 1,
        units=units,
        observed=float("nan"),
        families=np.zeros(0),
        gate_p=float("nan"),
        gate_open=False,
        kinds=(),
        effects=np.zeros((0, units)),
        sentence="not compared with twins",
        identified=2,
        twin_identified=(),
        twin_stands=(),
    )


def _family(site: str, units: int, twins: np.ndarray) -> SiteClaim:
    return SiteClaim(
        site=site,
        claim="identification",
        title="Picked out by its photographs",
        unit_of_effect="margin",
        viewer="bank",
        chance=0.0,
        photographs=PHOTOGRAPHS,
        tested=units - 1,
        units=units,
        observed=0.4,
        families=np.linspace(0.1, 0.2, TWINS),
        gate_p=0.1,
        gate_open=True,
        kinds=("reinit",) * TWINS,
        effects=twins,
        sentence=f"0 of {TWINS} untrained twins do as well",
        identified=1,
        twin_identified=(0,) * TWINS,
        twin_stands=(0,) * TWINS,
    )


def _site(folder: Folder, network: str, number: int, site: str, evidence: Evidence, seed: np.random.Generator) -> SiteEntry:
    units = SITES[site]
    directory = f"data/{slug(network)}/{number:03d}-{slug(site)}"
    rows = leading(evidence, site)
    order = default_order(rows, units)
    responses = np.sort(seed.gamma(1.0, 2.0, (units, PHOTOGRAPHS)), axis=1)
    responses[units - 1] = 0.0
    dead = [unit == units - 1 for unit in order]
    pool = [noise(seed, 128) for _ in range(8)]
    cells = [None if gone else pool[cell % 8] for cell, gone in enumerate(dead)]
    plate = webp(tiled([noise(seed, CELL) for _ in range(7 * K)], K, CELL), quality=30)
    plate_files, plates = write_packs(folder, directory, "plates", (None if gone else plate for gone in dead))
    drawn = webp(tiled([noise(seed, PICTURE_CELL)], 1, PICTURE_CELL))
    nine = webp(tiled([noise(seed, PICTURE_CELL) for _ in range(9)], 3, PICTURE_CELL))
    with_pictures = site == "conv1"
    sheets = (None if gone or not with_pictures else nine if unit in NINE else drawn for unit, gone in zip(order, dead, strict=True))
    picture_files, pictures = write_packs(folder, directory, "pictures", sheets)
    sheet = jpeg(tiled([noise(seed, CELL) for _ in range(18)], K, CELL))
    referred = [folder.put(directory, "references-0", "pack", sheet)] if with_pictures else []
    views = ("strongest", "middle", "synthesised", "weights") if with_pictures else ("strongest",)
    sprites = [sheets for view in views for sheets in write_sprites(folder, directory, view, cells, (32, 64))]
    parts = [order[:-1][first : first + EACH] for first in range(0, units, EACH)]
    exemplars = [
        folder.table(directory, f"exemplars-{number}", _exemplars(site, part, responses), schemas()["exemplars"]) for number, part in enumerate(parts)
    ]
    tables = {"units": _units(site, order, rows, responses, plates, pictures), "evidence": evidence_rows(evidence, site)}
    tables |= {"links": links(), "tuning": tuning(units)} if with_pictures else {}
    files = {name: folder.tables(directory, name, found, schemas()[name]) for name, found in tables.items()}
    files["responses"] = folder.pieces(directory, "responses", answers(order), 4 * HELD_OUT)
    return SiteEntry(
        address=site,
        slug=slug(site),
        number=number,
        kind="head" if site == "fc" else "convolution",
        layout="vector" if site == "fc" else "spatial",
        units=units,
        held=units,
        grid=[] if site == "fc" else [8, 8],
        field=FieldSize(height=11, width=11, clipped=False),
        rectified=False,
        **{f"{name}_file": found[0] for name, found in files.items()},
        more={name: found[1:] for name, found in files.items() if len(found) > 1},
        exemplars_file=exemplars[0],
        exemplars_more=exemplars[1:],
        exemplars_each=EACH,
        references_file=folder.table(directory, "references", references(site, order, responses, len(sheet)), schemas()["references"])
        if with_pictures
        else None,
        map_method="gradient",
        packs={
            "plates": plate_files,
            "pictures": picture_files,
            "maps": [folder.put(directory, "maps-0", "pack", MAP.tobytes())],
            "references": referred,
        },
        sprites=sprites,
        plate_columns=K,
        plate_cell=CELL,
        picture_cell=PICTURE_CELL,
        claims=summaries(evidence, site),
        dead=1,
    )


def _units(
    site: str, order: list[int], rows: dict[int, Row], responses: np.ndarray, plates: list[Place], pictures: list[Place]
) -> dict[str, list[Any]]:
    return columns("units", [_unit(site, cell, unit, rows[unit], responses[unit], plates[cell], pictures[cell]) for cell, unit in enumerate(order)])


def _unit(site: str, cell: int, unit: int, row: Row, responses: np.ndarray, plate: Place, picture: Place) -> dict[str, Any]:
    bins = histogram(responses)
    greatest = float(responses.max())
    made = picture.length > 0
    seeds = (9 if unit in NINE else 1) if made else 0
    quantiles = np.quantile(responses, QUANTILES)
    return {
        "unit": unit,
        "label": LABELS[unit] if site == "fc" else None,
        "cell": cell,
        "verdict": row.verdict,
        "sentence": row.sentence,
        "dead": plate.length == 0,
        "zero": 0.0,
        "mean": float(responses.mean()),
        "sd": float(responses.std()),
        "least": float(responses.min()),
        **dict(zip(("q05", "q25", "q50", "q75", "q95"), map(float, quantiles), strict=True)),
        "greatest": greatest,
        "bins": list(bins.counts),
        "bin_low": bins.low,
        "bin_high": bins.high,
        "bin_scale": bins.scale,
        "place_mean": 0.0,
        "place_sd": 1.0,
        "plate_pack": plate.pack,
        "plate_offset": plate.offset,
        "plate_length": plate.length,
        "picture_pack": picture.pack,
        "picture_offset": picture.offset,
        "picture_length": picture.length,
        "picture_count": seeds,
        "picture_activations": [(3 + number) * greatest for number in range(seeds)] if made else None,
        "picture_alts": [picture_alt(f"{site}:{unit}", number, 128, "converged", (3 + number) * greatest, greatest) for number in range(seeds)]
        if made
        else None,
        "picture_activation": 3 * greatest if made else None,
        "picture_verdict": "converged" if made else None,
        "picture_alt": picture_alt(f"{site}:{unit}", 0, 128, "converged", 3 * greatest, greatest) if made else None,
        "effect": row.effect,
        "q": row.q,
    }


def _exemplars(site: str, order: list[int], responses: np.ndarray) -> dict[str, list[Any]]:
    lists = [("top", None), *(("quantile", quantile) for quantile in reversed(QUANTILES)), ("bottom", None)]
    records = []
    for unit in order:
        for list_number, (kind, quantile) in enumerate(lists):
            for rank in range(K):
                place = {"top": -1 - rank, "bottom": rank}.get(kind, min(PHOTOGRAPHS - 1, int((quantile or 0) * PHOTOGRAPHS) + rank % 3))
                box, activation = Box(4, 5, 15, 16), float(responses[unit, place])
                records.append(
                    {
                        "unit": unit,
                        "kind": kind,
                        "quantile": quantile,
                        "rank": rank,
                        "fold": rank % 2,
                        "cell": list_number * K + rank,
                        "photo": _photo(rank),
                        "activation": activation,
                        "row": 1,
                        "column": 2,
                        "alt": exemplar_alt(f"{site}:{unit}", kind, rank, K, _photo(rank), box, activation, quantile),
                        **dict(zip(("top", "left", "bottom", "right"), box.as_tuple(), strict=True)),
                        **dict(zip(("input_top", "input_left", "input_bottom", "input_right"), box.as_tuple(), strict=True)),
                        **(HAS_MAP if kind == "top" and rank < 3 else NO_MAP),
                    }
                )
    return columns("exemplars", records)
