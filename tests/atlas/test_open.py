from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from optogram.atlas.open import Atlas, open_atlas
from optogram.atlas.schema import SCHEMA_VERSION
from optogram.errors import AddressError, AtlasError, StaleError


@pytest.fixture
def copy(atlas: Atlas, tmp_path: Path) -> Path:
    return Path(shutil.copytree(atlas.path, tmp_path / "copy"))


def changed(root: Path, **values: object) -> Path:
    path = root / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return root


def test_what_was_built_is_what_is_opened(atlas: Atlas) -> None:
    found = open_atlas(str(atlas.path))
    assert found.manifest == atlas.manifest
    assert [site.address for site in found.networks[0].sites] == ["0", "2", "6"]
    assert str(found).endswith("/  small#1, 3 sites, 27 units, 48 photographs, 1 MB")
    assert found.table("2").num_rows == 20
    assert set(found.table("2", "evidence")["unit"].to_pylist()) == set(range(20))


def test_unknown_sites_and_tables_name_what_there_is(atlas: Atlas) -> None:
    with pytest.raises(AddressError, match='no site "8"'):
        atlas.site("8")
    with pytest.raises(AtlasError, match="2 has no table pictures in this atlas; there are units, exemplars"):
        atlas.table("2", "pictures")


@pytest.mark.parametrize("spoil", ["remove", "cut", "replace by a folder"])
def test_every_file_that_is_missing_or_cut_short_is_named(copy: Path, spoil: str) -> None:
    found = open_atlas(copy)
    assert found.missing() == []
    for file in (found.files()[0], found.files()[-1]):
        path = copy / file.path
        content = path.read_bytes()
        path.unlink()
        if spoil == "cut":
            path.write_bytes(content[:-1])
        if spoil == "replace by a folder":
            path.mkdir()
    assert found.missing() == [found.files()[0].path, found.files()[-1].path]


def test_what_is_no_atlas_or_not_yet_one(tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match=r"holds no atlas \(no manifest.json\)\.$"):
        open_atlas(tmp_path)
    with pytest.raises(AtlasError, match="holds no atlas"):
        open_atlas(tmp_path / "nowhere")
    (tmp_path / ".build").mkdir()
    with pytest.raises(AtlasError, match="interrupted: go on with the same `optogram atlas` command"):
        open_atlas(tmp_path)


def test_a_later_format_is_told_before_its_content_is_read(copy: Path) -> None:
    with pytest.raises(StaleError, match=f"is of format {SCHEMA_VERSION + 1}; this version of optogram reads up to {SCHEMA_VERSION}"):
        open_atlas(changed(copy, schema_version=SCHEMA_VERSION + 1, something_new=1))


@pytest.mark.parametrize("content", ["", "[1]", '{"schema_version": "one"}', "{", '{"schema_version": 1, "title": 3}'])
def test_a_manifest_that_is_none_is_one_line(copy: Path, content: str) -> None:
    (copy / "manifest.json").write_text(content)
    with pytest.raises(AtlasError, match="is not a manifest that this version reads") as caught:
        open_atlas(copy)
    assert "\n" not in str(caught.value)
