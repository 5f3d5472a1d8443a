from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import optogram as og
from optogram.errors import AddressError, InputError, NonFiniteError, SettingError, SourceError, StaleError, Stopped
from optogram.exemplars import sweep as module
from optogram.exemplars.collector import Collector
from optogram.images.folds import fold, panel
from optogram.images.left_out import LeftOutWarning
from optogram.images.patches import place_probes
from optogram.network.site import Site


def slow(network: og.Network, photos: og.Photos, site: Site) -> list[np.ndarray]:
    """Each photograph alone, in the plain layout: [unit, place]."""
    found = []
    for index in range(len(photos)):
        image = torch.from_numpy(photos.load(index)).permute(2, 0, 1)[None].float() / 255
        found.append(site.places(network.read(site, image, frame="photo"))[0].numpy())
    return found


def expected(maps: list[np.ndarray], folds: list[int], fold: int | None, unit: int, k: int, least: bool) -> list[tuple[int, float, int]]:
    sign = -1 if least else 1
    rows = [(sign * maps[i][unit]).max() for i in range(len(maps))]
    order = sorted((i for i in range(len(maps)) if fold in (None, folds[i])), key=lambda i: (-rows[i], i))
    return [(i, float(sign * rows[i]) + 0.0, int((sign * maps[i][unit]).argmax())) for i in order[:k]]


def flat(site: Site, position: tuple[int, ...]) -> int:
    return site.flat_place(position) if position else 0


@pytest.mark.parametrize(("batch_size", "size"), [(1, 7), (5, 40), (64, 20), (7, 1)])
def test_equals_a_loop_over_photographs(network: og.Network, photos: og.Photos, batch_size: int, size: int) -> None:
    found = og.sweep(network, photos, k=4, panel=size, batch_size=batch_size)
    folds = [fold(photos.group(index)) for index in range(len(photos))]
    assert found.sites == tuple(network.sites().addresses())
    for site in network.sites():
        maps = slow(network, photos, site)
        before = network.site(site.before) if site.rectified and site.before else None
        lower = slow(network, photos, before) if before else maps
        for unit in range(site.units):
            for half in (None, 0, 1):
                for kind, source in (("top", maps), ("bottom", lower)):
                    got = [(e.index, e.activation, flat(site, e.position)) for e in found.exemplars(f"{site.address}:{unit}", kind, fold=half)]
                    assert got == expected(source, folds, half, unit, 4, kind == "bottom"), (site.address, unit, kind, half)


def test_panel_equals_a_loop_over_its_photographs(network: og.Network, photos: og.Photos) -> None:
    found = og.sweep(network, photos, panel=15, batch_size=4, probes=3, seed=5)
    chosen = panel(photos, 15, 5)
    assert found.panel.indices.tolist() == chosen
    assert found.panel.identities == tuple(photos.identity(index) for index in chosen)
    assert found.panel.folds.tolist() == [fold(photos.group(index)) for index in chosen]
    for site in network.sites():
        maps = np.stack(slow(network, photos, site))[chosen]
        assert np.array_equal(found.panel.greatest(site.address), maps.max(2))
        assert np.array_equal(found.panel.place(site.address), maps.argmax(2))
        assert np.allclose(found.panel.mean(site.address), maps.mean(2), atol=1e-5)
        places = found.panel.probe_places(site.address)
        for row, identity in enumerate(found.panel.identities):
            assert np.array_equal(found.panel.probes(site.address)[row], maps[row][:, places[row]].T)
            tokens = site.patch_grid or site.grid
            skipped = len(site.prefix) if site.patch_grid else 0
            assert places[row].tolist() == [place + skipped for place in place_probes(identity, tokens, 3, 5)]


def test_quantiles_are_consecutive_in_the_order_of_the_drive(conv_network: og.Network, photos: og.Photos) -> None:
    found = og.sweep(conv_network, photos, panel=25, k=3)
    site = next(site for site in conv_network.sites() if site.before)
    drive = np.stack([maps.max(1) for maps in slow(conv_network, photos, conv_network.site(site.before or ""))])
    for half in (None, 0, 1):
        numbers = [index for index in panel(photos, 25) if half in (None, fold(photos.group(index)))]
        for unit in range(site.units):
            order = sorted(numbers, key=lambda index: (drive[index, unit], index))
            got = found.exemplars(f"{site.address}:{unit}", "quantile", 3, fold=half)
            assert len(got) == 15
            for number, level in enumerate((0.05, 0.25, 0.5, 0.75, 0.95)):
                part = got[3 * number : 3 * number + 3]
                first = min(max(round(level * (len(order) - 1)) - 1, 0), len(order) - 3)
                assert [one.index for one in part] == order[first : first + 3][::-1]
                assert [one.activation for one in part] == [drive[one.index, unit] for one in part]
                assert all(one.quantile == level for one in part)


def test_moments_equal_numpy(conv_network: og.Network, photos: og.Photos) -> None:
    found = og.sweep(conv_network, photos, panel=20)
    for site in conv_network.sites():
        maps = np.stack(slow(conv_network, photos, site))
        responses = maps.max(2)
        inside = responses[found.panel.indices]
        moments = found.moments(site.address)
        assert np.allclose(moments.mean, inside.mean(0), rtol=1e-6)
        assert np.allclose(moments.sd, inside.std(0, ddof=1), rtol=1e-5)
        assert np.allclose(moments.zero, (inside == 0).mean(0))
        assert np.array_equal(moments.least, responses.min(0))
        assert np.array_equal(moments.greatest, responses.max(0))
        assert np.allclose(moments.average, maps[found.panel.indices].mean((0, 2)), atol=1e-5)
        assert np.allclose(moments.quantiles, np.quantile(inside, moments.levels, axis=0), rtol=1e-5)
        assert moments.constant.tolist() == [np.ptp(responses[:, unit]) == 0 for unit in range(site.units)]


def test_ties_and_constant_units_are_told(conv_network: og.Network, photos: og.Photos) -> None:
    found = og.sweep(conv_network, photos, panel=40)
    assert found.exemplars("0:0").told == "0 on every photograph"
    site = next(site for site in conv_network.sites() if site.before)
    zero = found.moments(site.address).zero
    unit = int(np.flatnonzero((zero > 0) & (zero < 1))[0])
    assert found.exemplars(f"{site.address}:{unit}").told == f"zero on {100 * zero[unit]:.0f} %"
    assert found.exemplars(f"{site.address}:{unit}", "bottom").told.endswith("of the pre-activation")


def test_boxes_and_patches_are_what_the_neuron_saw(conv_network: og.Network, pictures: np.ndarray) -> None:
    found = og.sweep(conv_network, og.open_images(pictures), ["0"])
    for exemplar in found.exemplars("0:2"):
        row, column = exemplar.position
        assert exemplar.input_box == og.Box(row, column, row + 3, column + 3)
        assert exemplar.box == exemplar.input_box
        assert np.array_equal(exemplar.patch, pictures[exemplar.index, row : row + 3, column : column + 3])
        kernel = conv_network.module[0].weight[2].detach().numpy()
        assert exemplar.activation == (kernel * exemplar.patch.transpose(2, 0, 1) / 255).sum()


def test_photographs_of_any_size_have_their_own_places(pictures: np.ndarray) -> None:
    mixed = [Image.fromarray(picture[: 7 + index % 3, : 9 - index % 2]) for index, picture in enumerate(pictures)]
    network = og.Network(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(4, 2)))
    photos = og.open_images(mixed)
    found = og.sweep(network, photos, ["0"], k=5, panel=10, batch_size=4)
    assert found.panel.grid("0") == (7, 7)
    for unit in range(4):
        for exemplar in found.exemplars(f"0:{unit}"):
            image = torch.from_numpy(photos.load(exemplar.index)).permute(2, 0, 1)[None].float() / 255
            answer = network.read("0", image)[0, unit]
            assert np.isclose(float(answer.max()), exemplar.activation, atol=1e-6)
            assert divmod(int(answer.argmax()), answer.shape[1]) == exemplar.position
    for row, index in enumerate(found.panel.indices):
        image = torch.from_numpy(photos.load(int(index))).permute(2, 0, 1)[None].float() / 255
        answer = network.read("0", image)[0].numpy()
        rows, columns = np.divmod(found.panel.probe_places("0")[row], 7)
        assert np.allclose(found.panel.probes("0")[row], answer[:, rows, columns].T, atol=1e-6)


def interrupted_at(done: int) -> object:
    def report(stage: str, count: int, total: int) -> None:
        if count >= done:
            raise KeyboardInterrupt

    return report


@pytest.mark.parametrize("done", [1, 8, 14, 33, 40])
def test_an_interrupted_sweep_goes_on_to_the_same_bytes(conv_network: og.Network, photos: og.Photos, tmp_path: Path, done: int) -> None:
    whole = og.sweep(conv_network, photos, panel=15, batch_size=4, checkpoint=tmp_path / "whole").save(tmp_path / "whole")
    with pytest.raises(Stopped, match=r"stopped after \d+ of 40 photographs; nothing is lost. Go on with the same command."):
        og.sweep(conv_network, photos, panel=15, batch_size=4, checkpoint=tmp_path / "kept", progress=interrupted_at(done))
    again = og.sweep(conv_network, photos, panel=15, batch_size=4, checkpoint=tmp_path / "kept").save(tmp_path / "again")
    assert again.read_bytes() == whole.read_bytes()
    for name in ("panel.safetensors", "lists.safetensors"):
        assert (tmp_path / "kept" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_resumed_sweep_does_not_begin_again(conv_network: og.Network, photos: og.Photos, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        og.sweep(conv_network, photos, panel=15, batch_size=4, checkpoint=tmp_path, progress=interrupted_at(30))
    seen: list[int] = []
    og.sweep(conv_network, photos, panel=15, batch_size=4, checkpoint=tmp_path, progress=lambda stage, count, total: seen.append(count))
    assert seen[0] == 0
    assert seen[1] > 15
    assert seen[-1] == 40


def test_without_a_checkpoint_an_interrupt_is_an_interrupt(conv_network: og.Network, photos: og.Photos) -> None:
    with pytest.raises(KeyboardInterrupt):
        og.sweep(conv_network, photos, progress=interrupted_at(8), batch_size=4)


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import numpy as np, torch, optogram as og
from optogram.exemplars import sweep as module
module.SAVED_EVERY_S, module.SAVING_SHARE = 0.0, 0
torch.manual_seed(3); torch.set_num_threads(1)
network = og.Network(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU()), og.Preprocess(size=9))
photos = og.open_images(np.random.default_rng(0).integers(0, 256, (40, 9, 9, 3), dtype=np.uint8))
last = int(sys.argv[3])
def report(stage, count, total):
    if count >= last:
        os.kill(os.getpid(), signal.SIGKILL)
og.sweep(network, photos, panel=15, batch_size=4, checkpoint=sys.argv[2] + "/kept", progress=report).save(sys.argv[2] + "/result")
"""


def test_a_killed_sweep_goes_on_to_the_same_bytes(tmp_path: Path, repository: Path) -> None:
    def run(folder: str, last: int) -> int:
        (tmp_path / folder).mkdir(exist_ok=True)
        arguments = [sys.executable, "-c", KILLED, str(repository / "src"), str(tmp_path / folder), str(last)]
        return subprocess.run(arguments, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False, capture_output=True).returncode

    assert run("whole", 1000) == 0
    assert run("killed", 26) == -signal.SIGKILL
    assert (tmp_path / "killed" / "kept" / "lists.safetensors").exists()
    assert run("killed", 1000) == 0
    assert (tmp_path / "killed" / "result.safetensors").read_bytes() == (tmp_path / "whole" / "result.safetensors").read_bytes()


def test_a_checkpoint_of_another_sweep_is_refused(conv_network: og.Network, photos: og.Photos, tmp_path: Path) -> None:
    og.sweep(conv_network, photos, panel=15, checkpoint=tmp_path)
    with pytest.raises(StaleError, match="another sweep: settings was"):
        og.sweep(conv_network, photos, panel=16, checkpoint=tmp_path)
    with torch.no_grad():
        conv_network.module[0].weight += 1
    with pytest.raises(StaleError, match="weights was"):
        og.sweep(conv_network, photos, panel=15, checkpoint=tmp_path)


class Divides(nn.Module):
    """NaN on a black picture."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x / x.amax((1, 2, 3), keepdim=True))


@pytest.mark.parametrize("size", [1, 40])
def test_a_photograph_without_numbers_is_named_or_left_out(pictures: np.ndarray, size: int) -> None:
    pictures[11] = 0
    network = og.Network(Divides(), og.Preprocess(size=9))
    with pytest.raises(NonFiniteError, match=r"conv:0 gave NaN on 11\. The network is not finite on this photograph; --skip-nonfinite"):
        og.sweep(network, pictures, panel=size)
    found = og.sweep(network, pictures, panel=size, skip_nonfinite=True, k=39)
    assert [(one.name, one.reason) for one in found.left_out] == [("11", "conv:0 gave NaN")]
    assert found.swept == 39
    assert "11" not in found.panel.identities
    assert {exemplar.image for exemplar in found.exemplars("conv:1", k=39)} == {str(index) for index in range(40)} - {"11"}


@pytest.mark.parametrize("bad", ["00.png", "39.png"])
def test_unreadable_files_are_counted_once(pictures: np.ndarray, conv_network: og.Network, tmp_path: Path, bad: str) -> None:
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{index:02d}.png")
    (tmp_path / bad).write_bytes((tmp_path / bad).read_bytes()[:60])
    photos = og.open_images(tmp_path)
    with pytest.warns(LeftOutWarning):
        found = og.sweep(conv_network, photos, panel=39, batch_size=8)
    assert [one.name for one in found.left_out] == [bad]
    assert found.swept == 39


def test_enormous_empty_truncated_and_sizeless_pictures_are_counted_and_named(pictures: np.ndarray, conv_network: og.Network, tmp_path: Path) -> None:
    for index, picture in enumerate(pictures[:8]):
        Image.fromarray(picture).save(tmp_path / f"{index:02d}.png")
    whole = (tmp_path / "00.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.jpg").write_bytes(b"")
    for name, sides in (("sizeless.png", (0, 9)), ("enormous.png", (60_000, 60_000))):  # by what the header says alone
        header = b"IHDR" + struct.pack(">IIBBBBB", *sides, 8, 2, 0, 0, 0)
        (tmp_path / name).write_bytes(whole[:12] + header + struct.pack(">I", zlib.crc32(header)) + whole[33:])
    with pytest.warns(LeftOutWarning, match=r"4 of 12 files were left out: .*enormous.png \(3.6 gigapixels, limit 0.18\)"):
        found = og.sweep(conv_network, og.open_images(tmp_path), panel=20)
    assert found.swept == 8
    assert {one.name: one.reason for one in found.left_out if one.name != "sizeless.png"} == {
        "cut.png": "truncated",
        "empty.jpg": "empty file",
        "enormous.png": "3.6 gigapixels, limit 0.18",
    }
    assert len(found.left_out) == 4


def test_nothing_to_read_is_an_error(conv_network: og.Network, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(SourceError, match="no photograph of .* can be read"):
        og.sweep(conv_network, og.open_images(tmp_path))


def test_the_buffers_do_not_grow_with_the_photographs(conv_network: og.Network, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    flush = Collector.flush

    def measured(self: Collector) -> object:
        found = flush(self)
        parts = [self.values, self.places, self.slate.values, self.slate.places, self.slate.limits, self.tally.low]
        parts += [part for lists in (self.tally.top, self.tally.bottom) for part in (lists.keys, lists.places)]
        parts += list(self.recording.arrays.values())
        taken.append(sum(part.nbytes for part in parts))
        return found

    monkeypatch.setattr(Collector, "flush", measured)
    pictures = np.random.default_rng(0).integers(0, 256, (600, 9, 9, 3), dtype=np.uint8)
    og.sweep(conv_network, pictures[:50], panel=10)
    few = max(taken)
    og.sweep(conv_network, pictures, panel=10)
    assert max(taken) == few


def test_a_panel_too_large_for_the_memory_is_made_smaller(conv_network: og.Network, photos: og.Photos) -> None:
    each = module.plan(conv_network, None).panel_bytes(4)
    with pytest.warns(UserWarning, match="a panel of 1,000 photographs takes more than"):
        found = og.sweep(conv_network, photos, max_memory=12 * each)
    assert len(found.panel) == 12
    arrays = module.Run(conv_network, photos, found.plan, module.Settings(panel=12), None).recording.arrays
    assert sum(array.nbytes for array in arrays.values()) <= 12 * each


def test_the_network_is_as_it_was(conv_network: og.Network, photos: og.Photos) -> None:
    before = {name: (value.clone(), value.stride()) for name, value in conv_network.module.state_dict().items()}
    og.sweep(conv_network, photos)
    for name, value in conv_network.module.state_dict().items():
        assert torch.equal(value, before[name][0])
        assert value.stride() == before[name][1]
    assert conv_network.module.training


def test_a_sweep_comes_back_from_disk(conv_network: og.Network, photos: og.Photos, tmp_path: Path) -> None:
    found = og.sweep(conv_network, photos, panel=15)
    path = found.save(tmp_path / "kept")
    assert path.name == "kept.safetensors"
    again = og.Sweep.load(path, conv_network, photos)
    assert again.save(tmp_path / "again").read_bytes() == path.read_bytes()
    assert str(again) == str(found)
    for kind in ("top", "bottom", "quantile"):
        assert list(again.exemplars("6:1", kind)) == list(found.exemplars("6:1", kind))
    assert again.exemplars("0:2")[0].box == found.exemplars("0:2")[0].box
    alone = og.Sweep.load(path)
    assert [one.image for one in alone.exemplars("0:2")] == [one.image for one in found.exemplars("0:2")]
    with pytest.raises(ValueError, match="Sweep.load"):
        alone.exemplars("0:2")[0].box  # noqa: B018
    with pytest.raises(StaleError, match="other photographs"):
        og.Sweep.load(path, conv_network, og.open_images(np.zeros((3, 9, 9, 3), np.uint8)))


def test_what_cannot_be_is_refused(conv_network: og.Network, photos: og.Photos) -> None:
    with pytest.raises(SettingError, match="at least one site"):
        og.sweep(conv_network, photos, sites=[])
    with pytest.raises(SettingError, match="k is at least 1; got 0"):
        og.sweep(conv_network, photos, k=0)
    with pytest.raises(AddressError, match="Nearest"):
        og.sweep(conv_network, photos, sites=["2.fisrt"])
    found = og.sweep(conv_network, photos, sites=["0"], k=3)
    with pytest.raises(SettingError, match="kept 3 exemplars"):
        found.exemplars("0:1", k=4)
    with pytest.raises(SettingError, match="fold is 0 to 1"):
        found.exemplars("0:1", fold=2)
    with pytest.raises(AddressError, match="in this sweep"):
        found.exemplars("6:1")
    with pytest.raises(ValueError, match="not of single neurons"):
        found.exemplars("0:1@2,2")


def test_a_strip_is_a_picture_and_a_text(conv_network: og.Network, photos: og.Photos) -> None:
    found = og.sweep(conv_network, photos, k=3)
    top = found.exemplars("0:2")
    assert str(top).startswith("0:2 top 3\n")
    assert top.figure().width > top.figure().height
    assert top._repr_html_().count("<img") == 6, "each patch, and its photograph"
    assert found.figure().size[0] > 100


def test_a_network_compiled_as_a_whole_is_refused_with_the_way_out() -> None:
    compiled = og.Network(torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())), og.Preprocess(size=16))
    with pytest.raises(InputError, match="compiled as a whole.* Give the torch.nn.Module"):
        og.sweep(compiled, np.zeros((4, 16, 16, 3), np.uint8), progress=False)
