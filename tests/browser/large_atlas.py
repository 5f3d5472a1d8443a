"""The small atlas with one site of ten thousand units, or ten of them, for what must stay fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tests.browser.small_atlas import noise, own_row, write
from tests.browser.small_tables import columns

from optogram.atlas.folder import Folder, write_atomically
from optogram.atlas.schema import Manifest
from optogram.atlas.sprites import tiled, webp
from optogram.atlas.tables import schemas
from optogram.evidence._result import Row


def write_large(root: Path, units: int = 10_000, sites: int = 1) -> Path:
    """The small atlas, with so many first sites of so many units: one table, sheets of one picture each, no plates."""
    write(root)
    folder = Folder(root)
    manifest = Manifest.model_validate_json((root / "manifest.json").read_bytes())
    network = manifest.networks[0]
    site = network.sites[0]
    directory = "data/large"
    blank = {"plate_pack": -1, "plate_offset": 0, "plate_length": 0, "picture_pack": -1, "picture_offset": 0, "picture_length": 0}
    common = {"label": None, "sentence": None, "dead": False, "zero": 0.0, "mean": 1.0, "sd": 1.0, "least": 0.0, "greatest": 9.0, **blank}
    common |= dict.fromkeys(("q05", "q25", "q50", "q75", "q95"), 1.0) | {
        "bins": [1],
        "bin_low": 0.0,
        "bin_high": 9.0,
        "bin_scale": 1.0,
        "place_mean": 0.0,
        "place_sd": 1.0,
    }
    common |= {
        "picture_count": 0,
        "picture_activation": None,
        "picture_verdict": None,
        "picture_alt": None,
        "picture_activations": None,
        "picture_alts": None,
        "effect": 0.5,
        "q": 1.0,
    }
    verdicts = ("stands", "salmon", "can't tell")
    rows = [{**common, "unit": unit, "cell": unit, "verdict": verdicts[unit % 3]} for unit in range(units)]
    judged = [{**vars_of(own_row("conv1", unit % 11, 12)), "unit": unit, "effect": (unit * 7919 % units) / units} for unit in range(units)]
    seed = np.random.default_rng(6)
    sprites = []
    for size in (32, 64):
        across = 1024 // size
        sheet = tiled([noise(seed, size) for _ in range(across**2)], across, size)
        files = [folder.put(directory, f"strongest-{size}-{number}", "webp", webp(sheet)) for number in range(-(-units // across**2))]
        sprites.append(site.sprites[0].model_copy(update={"view": "strongest", "size": size, "columns": across, "count": units, "sheets": files}))
    wide = site.model_copy(
        update={
            "units": units,
            "held": units,
            "units_file": folder.table(directory, "units", columns("units", rows), schemas()["units"]),
            "responses_file": None,
            "references_file": None,
            "exemplars_each": 0,
            "links_file": None,
            "tuning_file": None,
            "evidence_file": folder.table(directory, "evidence", columns("evidence", judged), schemas()["evidence"]),
            "sprites": sprites,
        }
    )
    more = [wide.model_copy(update={"address": f"wide{number}", "number": 100 + number}) for number in range(1, sites)]
    one = network.model_copy(update={"sites": [wide, *more, *network.sites[1:]]})
    write_atomically(root / "manifest.json", manifest.model_copy(update={"networks": [one]}).model_dump_json().encode())
    return root


def vars_of(row: Row) -> dict[str, Any]:
    """A row's fields by name."""
    return {name: getattr(row, name) for name in schemas()["evidence"].names if name != "unit"}
