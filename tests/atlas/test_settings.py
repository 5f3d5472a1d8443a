from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tests.atlas.conftest import pixels, small

import optogram as og
from optogram.atlas.folder import MOST_BYTES
from optogram.atlas.gallery import ATTRIBUTED_SITES, LARGEST
from optogram.atlas.settings import MOST_METHODS, WORKSHOP, Settings, claim_folder, fingerprint
from optogram.errors import AtlasError, SettingError, StaleError

MARK: dict[str, object] = {"weights": "a", "photographs": "b", "settings": {"twins": 3}}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"picture_units": 0}, "picture_units is at least 1; got 0"),
        ({"steps": 0}, "steps is at least 1; got 0"),
        ({"twins": -1}, "twins is at least 0; got -1"),
        ({"panel": 1}, "panel is at least 2; got 1"),
        ({"exemplars": 0}, "exemplars is at least 1; got 0"),
        ({"attributed": -2}, "attributed is at least 0; got -2"),
        ({"pictures": "stage"}, "Nearest: stages. Or name sites"),
        ({"methods": tuple(f"method_{number}" for number in range(16))}, "at most 15"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_cannot_be_is_told_with_its_bound(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(SettingError, match=told):
        Settings(**wrong)  # type: ignore[arg-type]


def test_the_bounds_themselves_are_allowed() -> None:
    Settings(picture_units=1, steps=1, twins=0, panel=2, exemplars=1, attributed=0, pictures=("conv1",))


def test_the_mark_changes_with_everything_that_changes_an_atlas() -> None:
    network, photos = small(), og.open_images(pixels())
    mark = fingerprint(network, photos, Settings())
    assert mark == fingerprint(small(), og.open_images(pixels()), Settings())
    assert json.loads(json.dumps(mark)) == mark, "it is compared with what was read from a file"
    other = small()
    with torch.no_grad():
        next(other.module.parameters()).add_(1e-3)
    brighter = pixels()
    brighter[0, 0, 0, 0] ^= 1
    changed = {
        "weights": fingerprint(other, photos, Settings()),
        "photographs": fingerprint(network, og.open_images(brighter), Settings()),
        "settings": fingerprint(network, photos, Settings(seed=1)),
        "viewer": fingerprint(network, photos, Settings(), other),
    }
    for name, found in changed.items():
        assert [key for key in found if found[key] != mark.get(key)] == [name]


def test_a_folder_is_claimed_once_and_by_the_same_build_again(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "atlas"
    claim_folder(root, MARK)
    kept = (root / WORKSHOP / "settings.json").read_bytes()
    assert json.loads(kept) == MARK
    claim_folder(root, dict(reversed(MARK.items())))
    with pytest.raises(StaleError, match="other photographs and settings. Choose another folder, or remove this one"):
        claim_folder(root, MARK | {"photographs": "c", "settings": {"twins": 4}})
    assert (root / WORKSHOP / "settings.json").read_bytes() == kept


def test_what_is_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(AtlasError, match="is not empty and holds no atlas"):
        claim_folder(tmp_path, MARK)
    with pytest.raises(AtlasError, match="is a file"):
        claim_folder(tmp_path / "letter.txt", MARK)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_as_many_methods_as_there_may_be_fit_into_a_file() -> None:
    """Of each photograph every method maps so many units, at the largest size."""
    each = (2 + ATTRIBUTED_SITES) * LARGEST**2
    assert MOST_METHODS * each <= MOST_BYTES < (MOST_METHODS + 1) * each
    assert Settings(methods=("gradient",) * MOST_METHODS)
