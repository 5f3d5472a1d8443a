"""The verb: what it takes, what it gives, what it says when a question cannot be answered, what it keeps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import optogram as og
from optogram.attribution._memory import in_bytes, rows_within
from optogram.attribution._target import read_target
from optogram.errors import AddressError, InputError, NonFiniteError, SettingError
from optogram.testing.attribution import Small, photographs, small


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 20, 3), dtype=np.uint8)).save(path)
    return path


def test_files_pictures_arrays_and_tensors_are_the_same_photograph(picture: Path) -> None:
    net = small()
    pixels = np.asarray(Image.open(picture))
    floats = np.moveaxis(pixels, -1, 0).astype(np.float32) / 255
    expected = og.attribute(net, floats, "head:1", "gradient").values
    assert expected.shape == (1, 3, 30, 20)
    for images in (picture, str(picture), Image.open(picture), pixels, floats[None], torch.from_numpy(floats)):
        np.testing.assert_allclose(og.attribute(net, images, "head:1", "gradient").values, expected, atol=1e-6)
    listed = og.attribute(net, [picture, floats], "head:1", "gradient").values
    assert isinstance(listed, list)
    np.testing.assert_allclose(listed[1], expected[0], atol=1e-6)


def test_gray_networks_read_colour_files_as_gray(picture: Path) -> None:
    assert og.attribute(small(1), picture, "head:1", "gradient").values.shape == (1, 1, 30, 20)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (photographs() * 255, "in 0..1, before normalisation, which the network does itself; got .* to 2"),
        ((photographs() - 0.5) / 0.2, "before normalisation"),
        (torch.full((1, 3, 24, 24), float("nan")), "in 0..1"),
        (photographs(2, 1), "takes images with 3 channels; got 1"),
        ((photographs() * 255).to(torch.uint8), "divide by 255"),
        ([], "the list is empty"),
        (torch.rand(0, 3, 24, 24), "no photographs"),
        ("no/such/cat.jpg", "no photograph"),
        (7, "got int"),
        (torch.rand(5), r"got shape \(5,\)"),
    ],
)
def test_images_that_cannot_be(images: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        og.attribute(small(), images, "head:1", "gradient")


def test_questions_that_cannot_be() -> None:
    net, images = small(), photographs()
    with pytest.raises(AddressError, match='no site "haed"'):
        og.attribute(net, images, "haed:1")
    with pytest.raises(AddressError, match="has 4 units"):
        og.attribute(net, images, "head:4")
    with pytest.raises(AddressError, match="names 4 units where one is needed"):
        og.attribute(net, images, "head")
    with pytest.raises(SettingError, match="Nearest: guided_backprop"):
        og.attribute(net, images, "head:1", "guided-bakprop")
    with pytest.raises(SettingError, match='no setting "stepps" of integrated_gradients. Nearest: steps'):
        og.attribute(net, images, "head:1", "integrated_gradients", stepps=4)
    with pytest.raises(SettingError, match="reduce is one of max, mean, sum"):
        og.attribute(net, images, "second#1:1", reduce="median")
    with pytest.raises(SettingError, match="batch_size is at least 1"):
        og.attribute(net, images, "head:1", batch_size=0)
    with pytest.raises(InputError, match=r"a direction at head has 4 finite numbers; got an array of shape \(3,\)"):
        og.attribute(net, images, ("head", [1, 2, 3]))
    with pytest.raises(InputError, match="a target is an address"):
        og.attribute(net, images, 3)


def test_labels_pairs_and_texts_name_the_same_contrast() -> None:
    net = og.Network(Small(), og.Preprocess(size=24), labels=["cat", "dog", "a - b", "bird"])
    assert read_target(net, "dog - bird").text == read_target(net, ("dog", "head:3")).text == "head:dog - head:bird"
    assert len(read_target(net, "a - b").terms) == 1
    assert [term.sign for term in read_target(net, (net.unit("dog"), net.unit("cat"))).terms] == [1.0, -1.0]


def test_for_and_against() -> None:
    """Signed methods hold both directions in one map; of the others the second is asked for with a minus."""
    net, images = small(), photographs()
    for method in ("gradient", "integrated_gradients", "lrp", "deeplift", "occlusion", "kernel_shap"):
        found, against = (og.attribute(net, images, target, method) for target in ("head:2", "-head:2"))
        assert found.signed
        np.testing.assert_allclose(against.values, -found.values, atol=1e-5 * np.abs(found.values).max())
    found, against = (og.attribute(net, images, target, "grad_cam", site="second#0") for target in ("head:2", "-head:2"))
    assert (against.values >= 0).all()
    assert against.values.any()
    assert not (np.minimum(found.values, against.values) > 1e-6).all()
    assert og.attribute(net, images, "-head:2", "positive_paths").values.max() <= 0
    labelled = og.Network(Small(), og.Preprocess(size=24), labels=["-1", "one", "two", "three"])
    assert [term.sign for label in ("-1", "-two", "- two") for term in read_target(labelled, label).terms] == [1.0, -1.0, -1.0]


def test_why_this_and_not_that_by_every_kind_of_method() -> None:
    """A contrast is the difference of the two answers where a method is linear in what is asked."""
    net, images = small(), photographs()
    for method in ("gradient", "integrated_gradients", "input_x_gradient", "occlusion", "rise"):
        contrast, one, other = (og.attribute(net, images, target, method).values for target in ("head:2 - head:0", "head:2", "head:0"))
        np.testing.assert_allclose(contrast, one - other, atol=1e-5 * np.abs(one).max())


def test_infinite_networks_are_told() -> None:
    class Divides(Small):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x) / (x.mean((1, 2, 3), keepdim=False)[:, None] - 0.5).clamp(min=0)

    images = torch.full((2, 3, 24, 24), 0.95)
    images[1] = 0.1
    with pytest.raises(NonFiniteError, match="output:1 is (NaN|infinity) on photograph 1"):
        og.attribute(og.Network(Divides(), og.Preprocess(size=24)), images, "output:1", "gradient")


def test_a_unit_at_zero_behind_a_rectifier_is_told_with_its_pre_activation() -> None:
    module = Small()
    with torch.no_grad():
        module.norm.bias[3] = -100.0
    net = small(module=module)
    found = og.attribute(net, photographs(2), "relu#0:3", "gradient")
    assert found.zero.all()
    assert "is rectified, and a unit at zero has no gradient. Its pre-activation is relu#0~in" in found.notes[0]
    assert not og.attribute(net, photographs(2), "relu#0~in:3", "gradient").zero.any()


def test_nothing_grows_from_call_to_call() -> None:
    import gc

    net, images = small(), photographs()

    def tensors() -> int:
        gc.collect()
        return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())

    og.attribute(net, images, "head:1")
    before = tensors()
    for _ in range(5):
        og.attribute(net, images, "head:1")
        og.attribute(net, images, "head:1", "grad_cam")
    assert tensors() <= before + 2


def test_memory_is_measured_and_kept_to() -> None:
    net = small()
    target = read_target(net, "head:2")
    image = photographs(1)
    few, many = rows_within(net, target, image, "1 MB"), rows_within(net, target, image, "4MB")
    assert 1 <= few < many <= 4 * few + 4
    kept = sum(4 * shape for shape in (8 * 24 * 24, 8 * 24 * 24))  # what two of the layers keep for one row
    assert few * kept < 1e6
    assert rows_within(net, target, image, 1) == 1
    assert rows_within(net, target, image, "1TB", at_most=5) == 5
    found = og.attribute(net, photographs(), "head:2", "integrated_gradients", max_memory="1MB")
    np.testing.assert_allclose(found.values, og.attribute(net, photographs(), "head:2", "integrated_gradients").values, atol=1e-6)


@pytest.mark.parametrize(("text", "size"), [("2GB", 2 * 10**9), ("500 MB", 5 * 10**8), (1000, 1000), ("1.5k", 1500)])
def test_sizes(text: object, size: int) -> None:
    assert in_bytes(text) == size


@pytest.mark.parametrize("text", ["lots", "0GB", "-1MB", "1.2.3GB"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(SettingError, match="max_memory is a size"):
        in_bytes(text)


def test_figure_shows_photograph_map_and_overlay() -> None:
    images = photographs(2)
    found = og.attribute(small(), images, "head:1", "gradient")
    drawn = np.asarray(found.figure())
    one = np.asarray(og.attribute(small(), images[:1], "head:1", "gradient").figure())
    assert drawn.shape[0] > 1.5 * one.shape[0] * 0.9
    assert drawn.shape[1] == one.shape[1]
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 500
    with pytest.raises(TypeError, match="numbers, not a map"):
        og.attribute(small(), images, "output:1", "gradient", source="head").figure()


def test_what_is_kept(tmp_path: Path) -> None:
    found = og.attribute(small(), photographs(2), "head:1", "integrated_gradients", steps=8, seed=3)
    found.save(tmp_path / "map.png")
    with Image.open(tmp_path / "map.png") as drawn:
        assert drawn.size == found.figure().size
    with np.load(found.save(tmp_path / "map.npz")) as kept:
        np.testing.assert_array_equal(kept["values"], found.values)
        np.testing.assert_array_equal(kept["delta"], found.delta)
        provenance = json.loads(str(kept["provenance"]))
    assert provenance["settings"] == {
        "target": "head:1", "source": None, "reduce": "max", "baseline": "black", "steps": 8, "quadrature": "gauss_legendre"
    }  # fmt: skip
    assert provenance["weights"] == small().weights_hash
    assert (provenance["method"], provenance["seed"]) == ("integrated_gradients", 3)
    ragged = og.attribute(small(), [torch.rand(3, 24, 24), torch.rand(3, 30, 24)], "head:1", "gradient")
    with np.load(ragged.save(tmp_path / "ragged.npz"), allow_pickle=False) as kept:
        assert kept["values_1"].shape == (3, 30, 24)
        assert "delta" not in kept


def test_a_third_partys_method_may_be_given_as_such() -> None:
    from optogram.attribution.gradient import gradient

    images = photographs()
    assert np.array_equal(og.attribute(small(), images, "head:1", gradient).values, og.attribute(small(), images, "head:1", "gradient").values)


def test_later_weights_are_seen() -> None:
    module = Small()
    net = small(module=module)
    before = og.attribute(net, photographs(), "head:1", "gradient")
    with torch.no_grad():
        module.head.weight.mul_(2)
    after = og.attribute(net, photographs(), "head:1", "gradient")
    np.testing.assert_allclose(after.values, 2 * before.values, rtol=1e-5)
    assert after.provenance.weights != before.provenance.weights


def test_bfloat16_networks() -> None:
    images = photographs()
    expected = og.attribute(small(), images, "head:1", "gradient").values
    found = og.attribute(small(module=Small().to(torch.bfloat16)), images, "head:1", "gradient").values
    assert found.dtype == np.float32
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.95


def test_networks_that_are_a_single_rectifier() -> None:
    found = og.attribute(og.Network(nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU()), og.Preprocess(size=8)), photographs(1, 3, 8, 8), "1:0")
    assert found.values.any()


def test_each_photograph_of_a_list_has_its_own_response_and_place() -> None:
    """Photographs of one size are answered together, and come back in the order given."""
    net = small()
    images = [photographs(1, 3, side, side + 6)[0].roll(4 * number, 2) for number, side in enumerate((40, 24, 40, 24, 40))]
    found = og.attribute(net, images, "second#1:3", "gradient", progress=False)
    for number, image in enumerate(images):
        alone = og.attribute(net, image, "second#1:3", "gradient", progress=False)
        assert found.responses[number] == pytest.approx(alone.responses[0], rel=1e-4)
        assert found.places[number] == alone.places[0]
    assert len(set(found.places)) > 1
    assert len(set(found.responses.tolist())) == 5
