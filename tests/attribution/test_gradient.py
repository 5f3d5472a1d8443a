"""The gradient is the limit of finite differences, in the photo frame, for every kind of target and source."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.attribution.oracle import SIDE, by_hand, chain, differences

from optogram.attribution._attribute import attribute
from optogram.errors import NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import Small, photographs


def wide(size: object = (12, 12)) -> Network:
    return Network(Small().double(), Preprocess(size=size, mean=0.4, std=0.3))


@pytest.mark.parametrize(("target", "reduce"), [("head:1", "max"), ("second#1:2", "mean"), ("second#1:2@1,1", "max"), ("second#1:2", "sum")])
def test_finite_differences_in_the_photo_frame(target: str, reduce: str) -> None:
    """The photograph is larger than the input frame: the gradient goes through resizing as well."""
    net = wide()
    image = photographs(1, 3, 17, 14)[0].double()
    found = attribute(net, image, target, "gradient", reduce=reduce).values[0]

    def response(one: torch.Tensor) -> torch.Tensor:
        site, _, unit = target.partition(":")
        raw = net.read(site, one[None], frame="photo")
        flat = net.site(site).places(raw)[0, int(unit.partition("@")[0])]
        return (
            flat[net.site(site).flat_place((1, 1))]
            if "@" in unit
            else flat.mean()
            if reduce == "mean"
            else flat.sum()
            if reduce == "sum"
            else flat.max()
        )

    np.testing.assert_allclose(found, differences(response, image), rtol=1e-4, atol=1e-6)


def test_crop_leaves_the_rest_at_nought() -> None:
    net = Network(Small().double(), Preprocess(size=16, crop=12, mean=0.4, std=0.3))
    found = attribute(net, photographs(1, 3, 16, 24), "head:1", "gradient")
    assert found.frames[0].as_tuple() == (2, 6, 14, 18)
    assert not found.values[0, :, :2].any()
    assert not found.values[0, :, :, :6].any()
    assert found.values[0, :, 2:14, 6:14].any()


def test_against_the_matrices() -> None:
    net = chain()
    image = np.random.default_rng(0).random((1, SIDE, SIDE))
    expected = by_hand(net, image, 2, lambda z, grad: (z > 0) * grad)
    np.testing.assert_allclose(attribute(net, image, "c:2", "gradient").values[0], expected, rtol=1e-5)


def test_forms() -> None:
    net, image = wide(), photographs(2, 3, 12, 12)
    signed = attribute(net, image, "head:0", "gradient").values
    assert np.array_equal(attribute(net, image, "head:0", "gradient", form="absolute").values, np.abs(signed))
    np.testing.assert_allclose(attribute(net, image, "head:0", "gradient", form="squared").values, signed**2, rtol=1e-5)


@pytest.mark.usefixtures("unchecked")
def test_forms_are_named() -> None:
    with pytest.raises(SettingError, match="signed, absolute, squared"):
        attribute(wide(), photographs(2, 3, 12, 12), "head:0", "gradient", form="cubed")


def test_linear_in_the_target() -> None:
    net, image = wide(), photographs(2, 3, 12, 12)
    parts = [attribute(net, image, f"head:{unit}", "gradient").values for unit in (0, 3)]
    np.testing.assert_allclose(attribute(net, image, "head:0 - head:3", "gradient").values, parts[0] - parts[1], atol=1e-6)
    mixed = attribute(net, image, ("head", [2.0, 0.0, 0.0, -3.0]), "gradient").values
    np.testing.assert_allclose(mixed, 2 * parts[0] - 3 * parts[1], atol=1e-6)


def test_hidden_units_as_source() -> None:
    """What feeds the head: the head's own weights over the mean of places, in the shape of the source."""
    net, image = wide(), photographs(2, 3, 12, 12)
    found = attribute(net, image, "head:3", "gradient", source="second#0")
    assert found.values.shape == (2, 8, 5, 5)
    raw = net.read("second#0", image.double(), frame="photo")
    weights = net.module.head.weight[3].detach().view(1, 8, 1, 1) / 25
    np.testing.assert_allclose(found.values, (weights * (raw > 0)).numpy(), atol=1e-6)


def test_a_source_that_does_not_feed_the_target_is_refused() -> None:
    with pytest.raises(NotDefinedError, match="does not depend on head"):
        attribute(wide(), photographs(1, 3, 12, 12), "second#1:2", "gradient", source="head")
