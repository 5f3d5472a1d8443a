"""A build from end to end: what it promises is there, agrees with the sweep, and survives being killed."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import nn

import optogram as og
from optogram.atlas import folder
from optogram.atlas.build import build_atlas
from optogram.atlas.excerpt import excerpt
from optogram.atlas.open import Atlas, open_atlas
from optogram.atlas.schema import SiteEntry
from optogram.atlas.settings import Settings
from optogram.errors import AddressError, AtlasError, SettingError, StaleError
from optogram.images.left_out import LeftOutWarning

QUICK = {"twins": 0, "pictures": "none", "attributed": 0, "panel": 10, "exemplars": 2, "progress": False}


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def fits(value: Any, schema: dict[str, Any], definitions: dict[str, Any], where: str = "") -> list[str]:
    """What of `value` breaks the JSON schema; as much of the standard as the manifest's schema uses, and an error on the rest."""
    known = {"type", "properties", "required", "items", "prefixItems", "minItems", "maxItems", "anyOf", "$ref", "$defs", "enum"}
    left = set(schema) - known - {"title", "description", "default", "additionalProperties", "propertyNames"}
    assert not left, left
    if "$ref" in schema:
        return fits(value, definitions[schema["$ref"].rpartition("/")[2]], definitions, where)
    if "anyOf" in schema:
        return [] if any(not fits(value, option, definitions, where) for option in schema["anyOf"]) else [f"{where}: {value!r}"]
    types = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}
    kind = schema.get("type")
    if kind and (not isinstance(value, types[kind]) or (isinstance(value, bool) and kind in ("integer", "number"))):
        return [f"{where}: {value!r} is no {kind}"]
    wrong = [f"{where}: {value!r}"] if value not in schema.get("enum", [value]) else []
    if kind == "object":
        properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        wrong += [f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, inner in value.items():
            wrong += [f"{where}.{name} is too much"] if name not in properties and more is False else []
            wrong += fits(inner, properties.get(name, more if isinstance(more, dict) else {}), definitions, f"{where}.{name}")
    if kind == "array":
        first = schema.get("prefixItems", [])
        wrong += [] if schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)) else [f"{where} has {len(value)}"]
        for number, inner in enumerate(value):
            wrong += fits(inner, first[number] if number < len(first) else schema.get("items", {}), definitions, f"{where}.{number}")
    return wrong


def sites(atlas: Atlas) -> list[SiteEntry]:
    return atlas.networks[0].sites


def test_the_manifest_keeps_to_the_schema_beside_it(whole: dict[str, bytes]) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    schema = json.loads(whole["schema.json"])
    manifest = json.loads(whole["manifest.json"], parse_constant=refuse)
    assert fits(manifest, schema, schema["$defs"]) == []
    assert fits(manifest | {"title": None}, schema, schema["$defs"])  # the check can fail
    assert fits(manifest | {"more": 1}, schema, schema["$defs"])


def test_every_file_named_is_there_and_no_other(atlas: Atlas, whole: dict[str, bytes]) -> None:
    assert atlas.missing() == []
    named = {file.path for file in atlas.files()}
    assert {name for name in whole if name.startswith("data/")} == named
    assert {"index.html", "manifest.json", "schema.json", ".build/settings.json"} <= set(whole)
    assert [name for name in whole if name.startswith(".build") or "partial" in name] == [".build/settings.json"]
    assert all(re.search(r"-[0-9a-f]{10}\.\w+$", name) for name in named)
    assert {name.split("/")[1] for name in named} == {"small~231", "small~231~3Atwin0", "photographs"}
    assert max(map(len, whole.values())) <= folder.MOST_BYTES == 4_000_000  # the manifest, the viewer and the sheet too


def test_an_atlas_of_larger_tables_than_a_file_may_be_says_the_same(
    atlas: Atlas, network: og.Network, photos: og.Photos, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a limit so low that every table is cut: rows, responses and an excerpt are those of the atlas whose tables are whole."""
    monkeypatch.setattr(folder, "MOST_BYTES", 3000)
    small = build_atlas(network, photos, tmp_path / "cut", settings=settings, progress=False)
    assert small.missing() == []
    cut = {name for site in sites(small) for name in site.more}
    assert {"units", "evidence"} <= cut
    for site, whole in zip(sites(small), sites(atlas), strict=True):
        for name in ("units", "evidence", "exemplars"):
            assert repr(small.table(site.address, name).to_pylist()) == repr(atlas.table(whole.address, name).to_pylist())
        told = [b"".join((one.path / file.path).read_bytes() for file in at.parts("responses")) for one, at in ((small, site), (atlas, whole))]
        assert told[0] == told[1] != b""
    part = Atlas(tmp_path / "part", excerpt(small, tmp_path / "part", ["2:0-3"]))
    assert part.missing() == []
    asked = [row for row in atlas.table("2", "evidence").to_pylist() if row["unit"] < 4]
    assert repr(part.table("2", "evidence").to_pylist()) == repr(asked)


def test_tables_agree_with_a_sweep_of_ones_own(atlas: Atlas, network: og.Network, photos: og.Photos) -> None:
    found = og.sweep(network, photos, k=3, panel=30, progress=False)
    for site in sites(atlas):
        rows = atlas.table(site.address, "exemplars").to_pylist()
        units = atlas.table(site.address).to_pylist()
        moments = found.moments(site.address)
        assert [row["cell"] for row in units] == list(range(site.units))
        for unit in units:
            own = [row for row in rows if row["unit"] == unit["unit"]]
            assert unit["greatest"] == pytest.approx(float(moments.greatest[unit["unit"]]))
            assert unit["dead"] == (not own) == (float(moments.least[unit["unit"]]) == float(moments.greatest[unit["unit"]]))
            for kind in () if unit["dead"] else ("top", "bottom"):
                expected = found.exemplars(f"{site.address}:{unit['unit']}", kind, 3)
                told = [row for row in own if row["kind"] == kind]
                assert [row["photo"] for row in told] == [one.image for one in expected]
                assert [row["activation"] for row in told] == pytest.approx([one.activation for one in expected], rel=1e-5)
                assert [(row["top"], row["left"], row["bottom"], row["right"]) for row in told] == [one.box.as_tuple() for one in expected]
            assert sum(unit["bins"]) == 30


def test_the_first_twin_is_a_network_of_the_atlas(atlas: Atlas, network: og.Network, photos: og.Photos) -> None:
    own, twin = atlas.networks
    assert (own.twin, twin.twin, twin.name) == (None, "untrained twin 0", "small#1:twin0")
    assert twin.weights != own.weights
    assert [(site.address, site.units, site.field) for site in twin.sites] == [(site.address, site.units, site.field) for site in own.sites]
    panel = og.sweep(network, photos, k=3, panel=30, progress=False).panel
    again = network.twin("reinit", 0, panel.images(network, photos)[:128].float() / 255)
    assert again.weights_hash == twin.weights
    found = og.sweep(again, photos, sites=["2"], k=3, panel=30, progress=False)
    rows = {row["unit"]: row for row in atlas.table("2", "units", twin.name).to_pylist()}
    for unit in (0, 7):
        assert rows[unit]["greatest"] == pytest.approx(float(found.moments("2").greatest[unit]), rel=1e-4)
    assert {claim.null.twins for site in twin.sites for claim in site.claims if claim.null} == {1}  # judged against the others
    assert all(photo.maps and {one.target for one in photo.maps} == {photo.maps[0].target} for photo in twin.photographs)


def test_whole_photographs_and_maps_are_those_of_the_source(atlas: Atlas, network: og.Network, photos: og.Photos) -> None:
    import io

    import pyarrow.parquet as pq
    import torch

    whole = atlas.manifest.whole
    assert whole is not None
    row = pq.read_table(atlas.path / whole.index.path).to_pylist()[0]
    content = (atlas.path / whole.packs[row["pack"]].path).read_bytes()[row["offset"] : row["offset"] + row["length"]]
    pixels = photos.load(int(row["photo"]))
    assert np.abs(np.asarray(Image.open(io.BytesIO(content))).astype(float) - pixels).mean() < 12  # WebP is lossy
    photo = atlas.networks[0].photographs[0]
    image = torch.from_numpy(photos.load(int(photo.identity)).transpose(2, 0, 1).astype(np.float32) / 255)[None]
    drawn = next(one for one in photo.maps if one.method == "integrated_gradients")
    assert photo.numbers is not None
    stored = np.frombuffer((atlas.path / photo.numbers.path).read_bytes(), np.int8, 32 * 32, drawn.offset).reshape(32, 32)
    values = np.asarray(og.attribute(network, image, drawn.target, "integrated_gradients", progress=False).values)[0].sum(axis=0)
    assert np.abs(stored * drawn.limit / 127 - np.clip(values, -drawn.limit, drawn.limit)).max() <= 0.01 * drawn.limit
    seen = pq.read_table(atlas.path / photo.seen.path).to_pylist()
    responses = network.site("0").places(network.read("0", image))[0]
    for one in (row for row in seen if row["site"] == "0"):
        place = one["row"] * network.site("0").grid[1] + one["column"]
        assert float(responses[one["unit"], place]) == pytest.approx(one["response"], rel=1e-4)
        assert one["kind"] != "most" or float(responses[one["unit"]].max()) == pytest.approx(one["response"], rel=1e-4)


def test_dead_units_have_no_plate_and_are_counted(atlas: Atlas) -> None:
    dead = {site.address: [row["unit"] for row in atlas.table(site.address).to_pylist() if row["dead"]] for site in sites(atlas)}
    assert dead == {"0": [2], "2": [5], "6": []}
    assert [site.dead for site in sites(atlas)] == [1, 1, 0]
    for site in sites(atlas):
        for row in atlas.table(site.address).to_pylist():
            assert (row["plate_length"] == 0) == row["dead"]


def test_plates_show_the_strongest_photograph_first(atlas: Atlas, network: og.Network, photos: og.Photos) -> None:
    import io

    from optogram.atlas.frames import Frames
    from optogram.atlas.plates import patches

    site = sites(atlas)[1]
    found = og.sweep(network, photos, sites=[site.address], k=3, panel=30, progress=False)
    row = atlas.table(site.address).to_pylist()[0]
    with (atlas.path / site.packs["plates"][row["plate_pack"]].path).open("rb") as pack:
        pack.seek(row["plate_offset"])
        plate = np.asarray(Image.open(io.BytesIO(pack.read(row["plate_length"]))))
    cell = site.plate_cell
    assert plate.shape == (7 * cell, 3 * cell, 3)
    best = patches(Frames(network, photos), found.exemplars(f"{site.address}:{row['unit']}", "top", 1), cell)[0]
    assert np.abs(plate[:cell, :cell].astype(float) - best).mean() < 8  # JPEG is lossy
    assert np.abs(plate[:cell, cell : 2 * cell].astype(float) - best).mean() > 8


def test_a_second_call_changes_nothing(atlas: Atlas, network: og.Network, photos: og.Photos, settings: Settings) -> None:
    times = {path: path.stat().st_mtime_ns for path in atlas.path.rglob("*")}

    def never(stage: str, done: int, total: int) -> None:
        raise AssertionError(f"{stage} was done again")

    assert build_atlas(network, photos, atlas.path, settings=settings, progress=never).manifest == atlas.manifest
    assert {path: path.stat().st_mtime_ns for path in atlas.path.rglob("*")} == times


LATE = [pytest.param(moment, marks=pytest.mark.slow) for moment in (".build/settings.json", "001-2/plates", "manifest.json")]


@pytest.mark.parametrize("moment", [".build/pictures-2", *LATE])
def test_a_build_that_was_killed_ends_with_the_same_bytes(
    moment: str, tmp_path: Path, network: og.Network, photos: og.Photos, settings: Settings, whole: dict[str, bytes]
) -> None:
    root = tmp_path / "whole"
    killed = subprocess.run([sys.executable, str(Path(__file__).with_name("killed_build.py")), str(root), moment], check=False, capture_output=True)
    assert killed.returncode == -9, killed.stderr
    assert not (root / "manifest.json").exists()
    build_atlas(network, photos, root, settings=settings, progress=False)
    assert files(root) == whole


def test_a_kill_after_the_manifest_leaves_nothing_behind(tmp_path: Path, network: og.Network, photos: og.Photos) -> None:
    built = build_atlas(network, photos, tmp_path / "a", **QUICK)
    before = files(built.path)
    (built.path / ".build" / "sweep").mkdir()
    (built.path / ".build" / "sweep" / "state").write_bytes(b"left")
    build_atlas(network, photos, built.path, **QUICK)
    assert files(built.path) == before


def test_unreadable_photographs_are_listed(tmp_path: Path, network: og.Network) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, frame in enumerate(np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)):
        Image.fromarray(frame).save(folder / f"{number}.png")
    bad = 'a "bad", one.png'
    (folder / bad).write_bytes(b"no picture")
    with pytest.warns(LeftOutWarning):
        built = build_atlas(network, og.open_images(folder), tmp_path / "a", **QUICK)
    with (built.path / "left-out.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows] == ["name", bad]
    assert rows[1][1]
    assert [one.name for one in built.manifest.photographs.left_out] == [bad]
    assert built.manifest.photographs.count == 12


def test_a_site_with_nothing_to_tell_apart_still_makes_an_atlas(tmp_path: Path, photos: og.Photos) -> None:
    """Its family statistic is not a number, which JSON does not have."""
    module = nn.Sequential(nn.Conv2d(3, 2, 3, stride=4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))
    for values in module.parameters():
        values.data.zero_()
    dead = og.Network(module, og.Preprocess(size=32), name="dead")
    built = build_atlas(dead, photos, tmp_path / "a", **(QUICK | {"twins": 1}))
    assert all(claim.null is None for site in sites(built) for claim in site.claims)
    assert {word for site in sites(built) for claim in site.claims for word in claim.verdicts} == {"not tested"}


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"sites": ("nope",)}, AddressError),
        ({"pictures": ("nope",)}, AddressError),
        ({"pictures": "stage"}, SettingError),
        ({"methods": ("guided",)}, SettingError),
        ({"twins": -1}, SettingError),
        ({"panel": 1}, SettingError),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_misspelt_setting_leaves_the_folder_free(
    wrong: dict[str, Any], error: type[Exception], tmp_path: Path, network: og.Network, photos: og.Photos
) -> None:
    with pytest.raises(error):
        build_atlas(network, photos, tmp_path / "a", **(QUICK | wrong))
    assert not (tmp_path / "a").exists()


def test_another_build_is_refused_and_loses_nothing(atlas: Atlas, network: og.Network, photos: og.Photos, whole: dict[str, bytes]) -> None:
    with pytest.raises(StaleError, match="other settings"):
        build_atlas(network, photos, atlas.path, **QUICK)
    assert files(atlas.path) == whole
    assert open_atlas(atlas.path).manifest == atlas.manifest


def test_two_builds_in_one_folder_do_not_overwrite_each_other(tmp_path: Path, network: og.Network, photos: og.Photos) -> None:
    refused = []

    def second(stage: str, done: int, total: int) -> None:
        if not refused:
            with pytest.raises(AtlasError, match="another build is at work in .*a. Wait for its end, or choose another folder") as caught:
                build_atlas(network, photos, tmp_path / "a", **QUICK)
            refused.append(caught.value)

    first = build_atlas(network, photos, tmp_path / "a", **(QUICK | {"progress": second}))
    assert refused
    assert files(first.path) == files(build_atlas(network, photos, tmp_path / "b", **QUICK).path)


def test_claims_that_are_asked_for_have_their_row_and_the_leading_one_sorts(network: og.Network, photos: og.Photos, tmp_path: Path) -> None:
    from optogram.cli._story import verdicts

    settings = Settings(twins=2, pictures="none", panel=30, attributed=0, exemplars=3, twin_pages=False, claims=("alive", "identification"))
    built = build_atlas(network, photos, tmp_path / "two", settings=settings, progress=False)
    for site in built.networks[0].sites:
        assert [claim.claim for claim in site.claims] == ["identification", "alive"]
        assert sum(verdicts(site).values()) == site.units  # the leading claim's, each unit once
        assert set(built.table(site.address, "evidence")["claim"].to_pylist()) == {"alive", "identification"}
    with pytest.raises(SettingError, match="Nearest: identification"):
        build_atlas(network, photos, tmp_path / "none", settings=replace(settings, claims=("identificaton",)), progress=False)
    assert not (tmp_path / "none").exists()
