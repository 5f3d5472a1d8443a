"""Whatever is wrong with what a user gives: skipped, counted and named, or refused in one line that says what to give instead."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import optogram as og
from optogram.errors import AddressError, AtlasError, InputError, LoadError, NonFiniteError, OptogramError, SettingError, SourceError
from optogram.images.left_out import LeftOutWarning

SIDE = 16
KEPT = ("animated.gif", "cmyk.jpg", "gray.png", "one.png", "palette.png", "plain.png", "second.png", "sixteen.png")
"""Strange and readable."""
LEFT_OUT = {"broken.png": "no such file or directory", "empty.png": "empty file", "half.png": "truncated", "text.jpg": "not an image"}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve files: eight photographs of eight kinds, four that are none."""
    draw, folder = np.random.default_rng(0), tmp_path / "photos"
    folder.mkdir()

    def pixels(*shape: int, top: int = 256, kind: str = "uint8") -> np.ndarray:
        return draw.integers(0, top, shape).astype(kind)

    for name in ("plain.png", "second.png"):
        Image.fromarray(pixels(20, 24, 3)).save(folder / name)
    Image.fromarray(pixels(1, 1, 3)).save(folder / "one.png")
    Image.fromarray(pixels(20, 20, top=65536, kind="uint16")).save(folder / "sixteen.png")
    Image.fromarray(pixels(20, 20)).save(folder / "gray.png")
    Image.new("CMYK", (20, 20), (10, 20, 30, 40)).save(folder / "cmyk.jpg")
    Image.fromarray(pixels(20, 20, 4)).quantize(16).save(folder / "palette.png", transparency=0)
    frames = [Image.fromarray(pixels(20, 20, 3)) for _ in range(3)]
    frames[0].save(folder / "animated.gif", save_all=True, append_images=frames[1:])
    (folder / "text.jpg").write_text("no picture")
    (folder / "empty.png").write_bytes(b"")
    (folder / "half.png").write_bytes((folder / "plain.png").read_bytes()[:300])
    (folder / "broken.png").symlink_to(tmp_path / "nowhere.png")
    return folder


class Tiny(nn.Module):
    """Convolution, batch norm, rectifier, head."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.bn, self.head = nn.Conv2d(channels, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Any:
        return self.head(torch.relu(self.bn(self.conv(x))).mean((2, 3)))


def network(module: nn.Module | None = None, size: int | None = SIDE, **given: Any) -> og.Network:
    return og.Network(module or Tiny(), og.Preprocess(size=size), name="tiny", **given)


def images(*shape: int) -> Tensor:
    return torch.rand(*(shape or (2, 3, SIDE, SIDE)), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_no_photograph_is_left_out_counted_and_named(photos: Path, channels: int) -> None:
    with pytest.warns(LeftOutWarning, match=r"^4 of 12 files were left out: broken.png \(no such file or directory\), empty.png"):
        found = og.sweep(network(Tiny(channels)), photos, progress=False)
    assert {one.name: one.reason for one in found.left_out} == LEFT_OUT
    assert found.swept == 8
    assert {exemplar.image for exemplar in found.exemplars("bn:0", k=8)} == set(KEPT)


def test_maps_of_a_folder_leave_out_what_cannot_be_read(photos: Path) -> None:
    with pytest.warns(LeftOutWarning, match="^4 of 12 files were left out"):
        found = og.attribute(network(), og.open_images(photos), "head:1", method="gradient")
    assert [tuple(one.shape) for one in found.values] == [(3, *size) for size in [(20, 20)] * 3 + [(1, 1), (20, 20), (20, 24), (20, 24), (20, 20)]]
    with pytest.raises(InputError, match=r"text.jpg cannot be read: not an image$"):
        og.attribute(network(), str(photos / "text.jpg"), "head:1")
    with pytest.raises(InputError, match=r"photos is a folder: give og.open_images\("):
        og.attribute(network(), photos, "head:1")
    with pytest.raises(SourceError, match="no photograph of .* can be read: 2 of 2 files were left out"):
        og.attribute(network(), og.open_images([str(photos / name) for name in ("text.jpg", "empty.png")]), "head:1")


def test_a_photograph_too_small_for_the_network_is_named_with_the_way_out(photos: Path) -> None:
    chosen = og.open_images([str(photos / name) for name in ("plain.png", "one.png")])
    with pytest.raises(InputError) as caught:
        og.sweep(network(size=None), chosen, progress=False)
    said = str(caught.value)
    assert "This was on one.png (1x1 pixels): give photographs one size with og.Preprocess(size=...), or --preprocess size=..." in said
    assert "its forward raised RuntimeError: " in said
    assert "\n" not in said
    assert isinstance(caught.value.__cause__, RuntimeError)


class Picky(Tiny):
    """Refuses bright photographs."""

    def forward(self, x: Tensor) -> Tensor:
        if bool((x == 1).any()):
            raise KeyError("too bright")
        found: Tensor = super().forward(x)
        return found


def test_an_error_on_one_photograph_names_it_and_the_line_of_the_forward() -> None:
    pixels = np.full((5, SIDE, SIDE, 3), 100, np.uint8)
    pixels[3, 5, 5] = 255
    told = r"its forward raised KeyError: 'too bright' \(test_refusals.py, line \d+\)\. This was on 3 \(16x16 pixels\)"
    with pytest.raises(InputError, match=told):
        og.sweep(network(Picky()), pixels, progress=False)


@pytest.mark.parametrize("wrap", [lambda y: {"logits": y}, lambda y: (y, 2 * y), lambda y: [y, None]], ids=["dict", "tuple", "list"])
def test_networks_that_return_more_than_a_tensor(photos: Path, wrap: Callable[[Tensor], Any]) -> None:
    class Wrapped(Tiny):
        def forward(self, x: Tensor) -> Any:
            return wrap(super().forward(x))

    net = network(Wrapped())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeftOutWarning)
        assert og.sweep(net, photos, progress=False).swept == 8
    assert og.attribute(net, images(), "head:1", method="gradient").values.shape == (2, 3, SIDE, SIDE)
    assert og.synthesize(net, "head:1", steps=2, progress=False).images.shape == (1, 3, SIDE, SIDE)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_networks_of_other_types_in_train_mode(photos: Path, dtype: torch.dtype) -> None:
    module = Tiny().to(dtype).train()
    net = network(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeftOutWarning)
        found = og.sweep(net, photos, progress=False)
        alone = og.sweep(network(), photos, progress=False)
    assert np.abs(found.panel.greatest("bn") - alone.panel.greatest("bn")).max() < 0.1, "running statistics, not those of the batch"
    assert og.attribute(net, images(), "head:1", method="gradient").values.dtype == np.float32
    assert module.training


def _meta() -> nn.Module:
    with torch.device("meta"):
        return Tiny()


def _not_finite() -> nn.Module:
    module = Tiny()
    module.conv.weight.data[2] = torch.nan
    return module


def _spoiled(value: float) -> Tensor:
    spoilt = images()
    spoilt[1, 0, 2, 3] = value
    return spoilt


REFUSED: dict[str, tuple[Callable[[Path], Any], type[OptogramError], str]] = {
    "weights without values": (lambda p: network(_meta()), InputError, 'has no values (device "meta"): give it weights'),
    "weights that are NaN": (lambda p: og.sweep(network(_not_finite()), p, progress=False), NonFiniteError, "bn:2 gave NaN on animated.gif"),
    "a device that there is not": (lambda p: network(device="gpu"), SettingError, 'the device "gpu" is not to be had here'),
    "a text in place of labels": (lambda p: network(labels="abc"), InputError, 'labels are a list of names; got the text "abc"'),
    "an unknown planted network": (lambda p: og.load("zoo:photonett"), LoadError, "Nearest: photonet"),
    "four channels": (lambda p: network().run(images(1, 4, 8, 8)), InputError, "takes images with 3 channels; got 4"),
    "gray images": (lambda p: network().run(images(1, 1, 8, 8)), InputError, "images.expand(-1, 3, -1, -1) repeats gray"),
    "colour for a gray network": (lambda p: network(Tiny(1)).run(images()), InputError, "takes images with 1 channel; got 3"),
    "colour for a gray network, mapped": (lambda p: og.attribute(network(Tiny(1)), images(), "head:0"), InputError, "images.mean(1, keepdim=True)"),
    "channels last": (lambda p: og.attribute(network(), images(2, 8, 8, 3), "head:0"), InputError, "images.permute(0, 3, 1, 2)"),
    "NaN pixels": (lambda p: og.attribute(network(), _spoiled(torch.nan), "head:0"), InputError, "photograph 1 of 2 holds NaN or infinity"),
    "infinite pixels": (lambda p: og.attribute(network(), _spoiled(torch.inf), "head:0"), InputError, "photograph 1 of 2 holds NaN or infinity"),
    "an unknown class": (lambda p: network(labels=["cat", "dog", "cup"]).unit("caat"), AddressError, "Nearest class: head:cat."),
    "an unknown unit": (lambda p: network().unit("conv:9"), AddressError, "conv has 4 units (0 to 3); you asked for 9."),
    "an unknown setting": (lambda p: og.attribute(network(), images(), "head:0", "gradient", stepz=3), SettingError, "There is 1: form."),
    "an unknown setting of a build": (lambda p: og.build_atlas(network(), p, p / "a", twinz=3), SettingError, 'no setting "twinz" of an atlas.'),
    "an atlas where a file is": (lambda p: og.build_atlas(network(), p, p / "plain.png"), AtlasError, "is a file. Choose a new folder"),
    "an atlas among photographs": (lambda p: og.build_atlas(network(), p, p, progress=False), AtlasError, "is not empty and holds no atlas"),
    "an atlas below a file": (lambda p: og.build_atlas(network(), p, p / "plain.png" / "a"), AtlasError, "plain.png is a file. Choose a new folder"),
    "photographs none of which count": (
        lambda p: og.sweep(network(_not_finite()), p, skip_nonfinite=True, progress=False),
        NonFiniteError,
        "tiny is not finite on any photograph: 12 of 12 files were left out",
    ),
    "weights that make no picture": (lambda p: og.weight_images(network(_not_finite()), "conv"), NonFiniteError, "conv:2 has weights that are NaN"),
    "an empty folder": (lambda p: og.open_images(_made(p.parent / "none")), SourceError, "no photographs in "),
}


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.filterwarnings("ignore::optogram.images.left_out.LeftOutWarning")
def test_it_is_refused_in_one_line_that_says_what_instead(what: str, photos: Path) -> None:
    given, error, words = REFUSED[what]
    with pytest.raises(error) as caught:
        given(photos)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


class Broken(Tiny):
    """Raises what a wrong size raises too."""

    def forward(self, x: Tensor) -> Tensor:
        raise ValueError("it broke")


@pytest.mark.parametrize("size", [None, SIDE])
def test_a_forward_that_always_raises_is_told_with_its_line(size: int | None) -> None:
    with pytest.raises(InputError, match=r"tiny did not run on 3-channel images.*ValueError: it broke \(test_refusals.py, line \d+\)") as caught:
        network(Broken(), size).sites()
    assert ("give its input size" in str(caught.value)) == (size is not None)


def test_a_result_is_not_kept_in_a_folder_that_is_not_there(photos: Path) -> None:
    found = og.weight_images(network(), "conv")
    for folder in (photos / "none", photos / "plain.png"):
        with pytest.raises(FileNotFoundError, match="no folder to write x.png in; make it first"):
            found.save(folder / "x.png")


@pytest.mark.filterwarnings("ignore::optogram.images.left_out.LeftOutWarning")
def test_concepts_name_the_photographs_that_they_show(photos: Path) -> None:
    given, alone = og.open_images(photos), og.open_images([str(photos / name) for name in KEPT])
    found, expected = (og.concepts(network(), one, "bn", k=2, steps=5, exemplars=3, progress=False) for one in (given, alone))
    shown = [[source.identity(number) for number in row] for one, source in ((found, given), (expected, alone)) for row in one.exemplars.tolist()]
    assert shown[:2] == shown[2:]
    assert {name for row in shown for name in row} <= set(KEPT)
    np.testing.assert_array_equal(found.pictures, expected.pictures)
    assert found.maps.shape[1] == 12
    assert [found.maps[:, number].any() for number in range(12)] == [given.identity(number) in KEPT for number in range(12)]


def test_one_name_is_as_good_as_a_list_of_it(photos: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeftOutWarning)
        assert og.sweep(network(), photos, sites="bn", progress=False).sites == ("bn",)
        found = og.judge(network(), photos, sites="bn", claims="alive", twins=1, progress=False)
    assert {(family.site, family.claim) for family in found.families} == {("bn", "alive")}
