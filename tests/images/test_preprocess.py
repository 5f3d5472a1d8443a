from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from optogram.errors import SettingError
from optogram.geometry import Box
from optogram.images.preprocess import SUPPORT, Preprocess
from optogram.network._torchvision import open_torchvision

sides = st.integers(3, 33)
crops = st.none() | st.integers(2, 24) | st.tuples(st.integers(2, 24), st.integers(2, 24))
sizes = st.none() | st.integers(2, 24) | st.tuples(st.integers(2, 24), st.integers(2, 24))
interpolations = st.sampled_from(sorted(SUPPORT))
preprocesses = st.builds(Preprocess, size=sizes, crop=crops, interpolation=interpolations)


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    # Half the range, so that no kernel's overshoot is cut off between Pillow's two passes, whose order it chooses.
    return np.random.default_rng(0).integers(64, 192, (height, width, channels), dtype=np.uint8)


def as_tensor(photo: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(photo.transpose(2, 0, 1).copy())[None].double() / 255


def tied(length: int, target: int, offset: int, count: int) -> np.ndarray:
    """Where a pixel's centre falls exactly between two photo pixels, so that the nearest is a matter of rounding."""
    return np.array([(2 * (index + offset) + 1) * length % (2 * target) == 0 for index in range(count)])


@given(preprocesses.filter(lambda p: p.interpolation != "lanczos"), sides, sides, st.sampled_from([1, 3]))
def test_tensors_and_arrays_agree(preprocess: Preprocess, height: int, width: int, channels: int) -> None:
    photo = noise(height, width, channels)
    graph = preprocess.apply(as_tensor(photo))[0].numpy().transpose(1, 2, 0)
    array = preprocess.apply_array(photo) / 255
    assert graph.shape == array.shape
    difference = np.abs(graph - array)
    if preprocess.interpolation == "nearest":
        (rows, columns), (top, left) = preprocess.resized(height, width), preprocess.offset(height, width)
        difference[tied(height, rows, top, len(difference))] = 0
        difference[:, tied(width, columns, left, difference.shape[1])] = 0
    # Pillow rounds to bytes after each of its two passes.
    assert difference.max() <= 2 / 255


@given(preprocesses, sides, sides)
def test_the_size_is_the_one_told(preprocess: Preprocess, height: int, width: int) -> None:
    photo = noise(height, width)
    told = preprocess.output_size or preprocess.resized(height, width)
    assert preprocess.apply_array(photo).shape == (*told, 3)
    assert preprocess.apply(as_tensor(photo)).shape[-2:] == told


@given(st.integers(2, 40), st.integers(2, 40), sides, sides)
def test_resizing_and_cropping_are_torchvisions(size: int, crop: int, height: int, width: int) -> None:
    open_torchvision()
    from torchvision.transforms import functional as oracle

    photo = noise(height, width)
    resized = oracle.resize(Image.fromarray(photo), [size])
    expected = np.asarray(oracle.center_crop(resized, [crop, crop]))
    preprocess = Preprocess(size=size, crop=crop)
    assert preprocess.resized(height, width) == (resized.height, resized.width)
    difference = preprocess.apply_array(photo).astype(int) - expected
    assert np.abs(difference).max() <= 1  # the rounding of the part that is kept


@given(preprocesses, sides, sides, st.data())
def test_the_box_holds_every_photo_pixel_that_matters_to_a_tensor(preprocess: Preprocess, height: int, width: int, data: st.DataObject) -> None:
    photo = torch.full((1, 1, height, width), 0.5, dtype=torch.float64, requires_grad=True)
    output = preprocess.apply(photo)
    row, column = (data.draw(st.integers(0, side - 1)) for side in output.shape[-2:])
    if not output.requires_grad:
        return
    output[0, 0, row, column].backward()
    assert photo.grad is not None
    box = preprocess.to_photo(Box(row, column, row + 1, column + 1), height, width)
    rows, columns = torch.nonzero(photo.grad[0, 0], as_tuple=True)
    assert all(box.contains(int(i), int(j)) for i, j in zip(rows, columns, strict=True))


@given(preprocesses, sides, sides, st.data())
def test_the_box_holds_every_photo_pixel_that_matters_to_pillow(preprocess: Preprocess, height: int, width: int, data: st.DataObject) -> None:
    photo = noise(height, width)
    before = preprocess.apply_array(photo)
    top, left = (data.draw(st.integers(0, side - 1)) for side in before.shape[:2])
    bottom, right = (data.draw(st.integers(first + 1, side)) for first, side in zip((top, left), before.shape[:2], strict=True))
    box = preprocess.to_photo(Box(top, left, bottom, right), height, width).within(height, width)
    changed = 255 - photo
    changed[box.top : box.bottom, box.left : box.right] = photo[box.top : box.bottom, box.left : box.right]
    assert np.array_equal(preprocess.apply_array(changed)[top:bottom, left:right], before[top:bottom, left:right])


@given(st.integers(4, 24), interpolations.filter(lambda name: name != "nearest"), st.integers(24, 60), st.data())
def test_the_box_is_not_wider_than_the_kernel(size: int, interpolation: Any, side: int, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, size - 1))
    box = Preprocess(size=(size, size), interpolation=interpolation).to_photo(Box(row, row, row + 1, row + 1), side, side)
    assert box.height <= 2 * SUPPORT[interpolation] * max(side / size, 1) + 2


def test_without_resizing_a_box_is_only_moved() -> None:
    preprocess = Preprocess(crop=4)
    assert preprocess.to_photo(Box(0, 0, 2, 2), 10, 8) == Box(3, 2, 5, 4)
    assert preprocess.to_photo(Box(0, 0, 2, 2, clipped=True), 10, 8).clipped


def test_a_gradient_reaches_the_photograph_and_values_stay_in_range() -> None:
    photo = torch.rand(2, 3, 20, 30, requires_grad=True)
    output = Preprocess(size=8, interpolation="bicubic").apply(photo)
    output.sum().backward()
    assert photo.grad is not None
    assert photo.grad.abs().sum() > 0
    assert output.min() >= 0
    assert output.max() <= 1


@pytest.mark.parametrize(("channels", "mean", "std"), [(3, (0.1, 0.2, 0.3), (0.5, 1.0, 2.0)), (1, 0.5, 0.25), (3, 0.5, 0.25)])
def test_normalise_is_per_channel(channels: int, mean: Any, std: Any) -> None:
    images = torch.rand(2, channels, 3, 4, dtype=torch.float64)
    output = Preprocess(mean=mean, std=std).normalise(images)
    for channel in range(channels):
        centre, spread = ((entry[channel] if isinstance(entry, tuple) else entry) for entry in (mean, std))
        assert torch.allclose(output[:, channel] * spread + centre, images[:, channel])


def test_normalise_gives_gray_networks_the_average() -> None:
    images = torch.rand(1, 1, 2, 2, dtype=torch.float64)
    output = Preprocess(mean=(0.1, 0.2, 0.6), std=(1.0, 2.0, 3.0)).normalise(images)
    assert torch.allclose(output, (images - 0.3) / 2)


def test_normalise_without_settings_gives_the_same_tensor() -> None:
    images = torch.rand(1, 3, 2, 2)
    assert Preprocess().normalise(images) is images


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"interpolation": "cubic"}, 'one of nearest, bilinear, bicubic, lanczos; got "cubic"'),
        ({"std": (1.0, 0.0, 1.0)}, "std holds positive numbers"),
        ({"std": -1}, "std holds positive numbers"),
        ({"size": 0}, "size is at least one pixel; got 0"),
        ({"crop": (3, -1)}, "crop is at least one pixel"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Preprocess(**settings)


def test_means_that_fit_no_channels_are_told() -> None:
    with pytest.raises(SettingError, match="3 entries, the images 2 channels"):
        Preprocess(mean=(0.1, 0.2, 0.3)).normalise(torch.rand(1, 2, 4, 4))


def test_lists_become_tuples_so_that_settings_compare_and_hash() -> None:
    listed: Any = Preprocess(size=(4, 5), mean=(0.5, 0.5, 0.5))
    assert listed == Preprocess(size=(4, 5), mean=(0.5, 0.5, 0.5))
    assert hash(listed) == hash(Preprocess(size=(4, 5), mean=(0.5, 0.5, 0.5)))


def test_a_line_of_text_changes_what_it_names_and_nothing_else() -> None:
    own = Preprocess(size=256, crop=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    assert own.changed("mean=.5,std=.5,crop=225") == Preprocess(size=256, crop=225, mean=0.5, std=0.5)
    assert own.changed("size=32/48, crop=none interpolation=bicubic,mean=.1/.2/.3") == Preprocess(
        size=(32, 48), interpolation="bicubic", mean=(0.1, 0.2, 0.3), std=(0.229, 0.224, 0.225)
    )
    assert own.changed("") == own


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("crp=3", 'no setting "crp" of preprocessing. Nearest: crop'),
        ("size", "size=256,crop=224"),
        ("size=.5", "whole numbers"),
        ("mean=a/b", "numbers"),
        ("size=1/2/3", "height/width"),
        ("std=0", "positive"),
    ],
)
def test_a_line_of_text_that_cannot_be_says_how_it_is_written(text: str, told: str) -> None:
    with pytest.raises(SettingError, match=re.escape(told)):
        Preprocess().changed(text)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize(("size", "crop"), [(None, (7, 9)), (16, 12), ((11, 30), 8), (48, 40), (None, 50)])
def test_no_pixel_outside_the_frame_is_given_to_the_network(size: object, crop: object, interpolation: str) -> None:
    preprocess = Preprocess(size=size, crop=crop, interpolation=interpolation)
    images = torch.full((1, 1, 24, 37), 0.5, dtype=torch.float64, requires_grad=True)
    (reached,) = torch.autograd.grad(preprocess.apply(images).sum(), images)
    frame, outside = preprocess.frame(24, 37), reached[0, 0].clone()
    outside[frame.top : frame.bottom, frame.left : frame.right] = 0
    assert not outside.any()
    assert reached[0, 0, frame.top : frame.bottom, frame.left : frame.right].any(dim=0).float().mean() > 0.5
