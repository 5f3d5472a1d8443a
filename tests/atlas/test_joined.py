"""Two atlases of the same photographs as one: every file there, every network under its own name, refusals that say why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from optogram.atlas.open import Atlas, open_atlas
from optogram.cli._app import run
from optogram.errors import AtlasError, SettingError, StaleError


def test_networks_stand_under_names_of_their_own_with_all_their_files(atlas: Atlas, tmp_path: Path) -> None:
    both = atlas.beside(atlas, path=tmp_path / "both")
    assert both.missing() == []
    assert (both.path / "index.html").exists()
    assert [network.name for network in both.networks] == ["small#1", "small#1:twin0", "small#1-2", "small#1-2:twin0"]
    assert len({network.slug for network in both.networks}) == 4
    for name, before in (("small#1-2", "small#1"), ("small#1-2:twin0", "small#1:twin0")):
        # A file's name holds its content's hash.
        assert both.site("2", name) == atlas.site("2", before)
        assert both.table("2", "units", name).column("unit").equals(atlas.table("2", "units", before).column("unit"))
    assert atlas.manifest.whole is not None
    assert both.manifest.whole is not None
    assert both.manifest.whole.kept == atlas.manifest.whole.kept
    named = atlas.beside(atlas, path=tmp_path / "named", names=("before", "after"))
    assert [network.name for network in named.networks] == ["before", "before:twin0", "after", "after:twin0"]


def test_what_cannot_be_compared_is_refused(atlas: Atlas, tmp_path: Path) -> None:
    photographs = atlas.manifest.photographs.model_copy(update={"hash": "0" * 16})
    other = replace(atlas, manifest=atlas.manifest.model_copy(update={"photographs": photographs}))
    with pytest.raises(StaleError, match="other photographs"):
        atlas.beside(other, path=tmp_path / "a")
    with pytest.raises(SettingError, match="names"):
        atlas.beside(atlas, path=tmp_path / "a", names=("same", "same"))
    with pytest.raises(AtlasError, match="not empty"):
        atlas.beside(atlas, path=atlas.path)
    assert not (tmp_path / "a").exists()


def test_responses_to_other_photographs_are_left_out(atlas: Atlas, tmp_path: Path) -> None:
    other = replace(atlas, manifest=atlas.manifest.model_copy(update={"held_out": []}))
    both = atlas.beside(other, path=tmp_path / "both")
    assert both.site("2", "small#1").responses_file == atlas.site("2").responses_file
    assert both.site("2", "small#1-2").responses_file is None


def test_the_command_writes_both_and_says_what_it_needs(atlas: Atlas, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(atlas.path), "--beside", str(atlas.path), "--out", str(tmp_path / "both")]) == 0
    assert len(open_atlas(tmp_path / "both").networks) == 4
    assert run(["export", str(atlas.path), "--beside", str(atlas.path)]) != 0
    assert "--out DIR" in capsys.readouterr().err
