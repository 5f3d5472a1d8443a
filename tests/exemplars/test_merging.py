"""Parts put together are the whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import optogram as og
from optogram.errors import SettingError, StaleError
from optogram.exemplars.merging import merge


def parts(network: og.Network, photos: og.Photos, count: int, **settings: object) -> list[og.Sweep]:
    return [og.sweep(network, photos, k=4, panel=20, batch_size=1, shard=(part, count), **settings) for part in range(1, count + 1)]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_merged_parts_are_one_sweep_byte_for_byte(network: og.Network, photos: og.Photos, count: int, tmp_path: Path) -> None:
    whole = og.sweep(network, photos, k=4, panel=20, batch_size=1)
    first, *others = reversed(parts(network, photos, count))
    found = first.merged(*others)
    assert found.save(tmp_path / "merged").read_bytes() == whole.save(tmp_path / "whole").read_bytes()
    address = f"{found.sites[0]}:0"
    assert [one.patch.tobytes() for one in found.exemplars(address)] == [one.patch.tobytes() for one in whole.exemplars(address)]


def test_parts_share_no_photograph_and_kept_ones_merge(network: og.Network, photos: og.Photos, tmp_path: Path) -> None:
    found = parts(network, photos, 3)
    seen = [set(np.flatnonzero(part.sizes[:, 0])) for part in found]
    assert sorted(index for one in seen for index in one) == list(range(len(photos)))
    paths = [part.save(tmp_path / str(number)) for number, part in enumerate(found)]
    loaded = [og.Sweep.load(path, network, photos) for path in paths]
    assert merge(loaded).save(tmp_path / "a").read_bytes() == merge(found).save(tmp_path / "b").read_bytes()


@pytest.mark.filterwarnings("ignore:.*left out:optogram.images.left_out.LeftOutWarning")
def test_what_any_part_left_out_is_left_out_of_the_whole(conv_network: og.Network, pictures: np.ndarray, tmp_path: Path) -> None:
    for index, picture in enumerate(pictures[:12]):
        Image.fromarray(picture).save(tmp_path / f"{index:02d}.png")
    for bad in ("02.png", "05.png", "09.png"):
        (tmp_path / bad).write_bytes(b"no picture")
    source = og.open_images(tmp_path)
    settings = {"k": 4, "panel": 20, "batch_size": 1}
    found = [og.sweep(conv_network, source, shard=(part, 3), **settings) for part in (1, 2, 3)]
    whole = og.sweep(conv_network, source, **settings)
    assert [len(part.left_out) for part in found] == [1, 0, 2]
    assert [one.name for one in merge(found[::-1]).left_out] == [one.name for one in whole.left_out] == ["02.png", "05.png", "09.png"]
    assert merge(found).swept == whole.swept == 9


def test_a_missing_a_doubled_and_a_foreign_part_are_told(network: og.Network, photos: og.Photos) -> None:
    one, two, three = parts(network, photos, 3)
    with pytest.raises(SettingError, match=r"part 2 of 3 is missing.*--shard PART/3"):
        merge([one, three])
    with pytest.raises(SettingError, match="one is there twice"):
        merge([one, two, three, three])
    with pytest.raises(StaleError, match="other k and panel"):
        merge([one, two, og.sweep(network, photos, k=3, panel=4, batch_size=1, shard=(3, 3))])
    with pytest.raises(StaleError, match="number of parts"):
        merge([one, og.sweep(network, photos, k=4, panel=20, batch_size=1, shard=(2, 2))])
    with pytest.raises(SettingError, match="nothing to merge"):
        merge([replace(one, provenance=og.sweep(network, photos, k=4, panel=20, batch_size=1).provenance)])


@pytest.mark.parametrize("shard", [(0, 2), (3, 2), (41, 41)])
def test_a_shard_that_there_is_not_is_refused(network: og.Network, photos: og.Photos, shard: tuple[int, int]) -> None:
    with pytest.raises(SettingError, match=r"from 1 to the number of parts|has none of the 40"):
        og.sweep(network, photos, shard=shard)
