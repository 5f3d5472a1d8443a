"""Relevance of concepts: masks by hand in matrices, sums over all units, skip connections, and what cannot be asked."""

from __future__ import annotations

import numpy as np
import pytest
from tests.attribution import layered as oracle
from tests.attribution.layered import SIDE as WIDTH
from tests.attribution.layered import layered
from tests.attribution.oracle import SIDE, chain

from optogram.attribution._attribute import attribute
from optogram.attribution._result import Attribution
from optogram.errors import AddressError, InputError, NotDefinedError
from optogram.network.network import Network

IMAGE = np.random.default_rng(0).random((1, SIDE, SIDE))
PICTURE = np.random.default_rng(1).random((2, WIDTH, WIDTH))
ASKED = {"composite": "epsilon", "epsilon": 1e-13, "progress": False}


def by_hand(net: Network, first: set[int], second: set[int], unit: int = 2) -> np.ndarray:
    """Relevances through three matrices, those of hidden units that are not asked for struck out."""
    weights = {name: value.detach().numpy() for name, value in net.module.named_parameters()}
    x = IMAGE.ravel()
    one = np.maximum(weights["a.weight"] @ x + weights["a.bias"], 0)
    two = np.maximum(weights["b.weight"] @ one + weights["b.bias"], 0)
    relevance = np.zeros(3)
    relevance[unit] = (weights["c.weight"] @ two + weights["c.bias"])[unit]
    relevance = oracle.epsilon(two, weights["c.weight"], weights["c.bias"], relevance)
    relevance = np.where([number in second for number in range(9)], relevance, 0)
    relevance = oracle.epsilon(one, weights["b.weight"], weights["b.bias"], relevance)
    relevance = np.where([number in first for number in range(12)], relevance, 0)
    return oracle.epsilon(x, weights["a.weight"], weights["a.bias"], relevance).reshape(1, SIDE, SIDE)


@pytest.mark.parametrize(
    ("through", "first", "second"),
    [
        ("a:8", {8}, set(range(9))),
        ("b:1-4", set(range(12)), {1, 2, 3, 4}),
        (["a:2", "a:7", "a:9"], {2, 7, 9}, set(range(9))),
        (["a:0-7", "b:0", "b:3"], set(range(8)), {0, 3}),
        (["b", "a:11"], {11}, set(range(9))),
    ],
)
def test_masks_by_hand(through: object, first: set[int], second: set[int]) -> None:
    net = chain()
    found = attribute(net, IMAGE, "c:2", "lrp", through=through, **ASKED)
    expected = by_hand(net, first, second)
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found.values[0], expected, atol=1e-6 * np.abs(by_hand(net, set(range(12)), set(range(9)))).max())


def asked(**settings: object) -> Attribution:
    return attribute(layered(), PICTURE, "head:1", "lrp", composite="epsilon_plus_box", progress=False, **settings)


@pytest.mark.parametrize("site", ["norm1", "relu#0", "relu#1"])
def test_over_all_units_of_a_site_that_everything_passes_they_sum_to_the_whole(site: str) -> None:
    """Each map is linear in what passes, whatever the rules; the notes are the shares of the units' own relevances."""
    whole = asked()
    maps = [asked(through=f"{site}:{unit}") for unit in range(4)]
    total = sum(one.values for one in maps)
    assert np.abs(total - whole.values).max() < 1e-5 * np.abs(whole.values).max()
    units = asked(source=site).values[0].sum((1, 2))
    for unit, one in enumerate(maps):
        assert one.notes == (f"only what passes through {site}:{unit}: {round(100 * units[unit] / units.sum())} % of the relevance at {site}",)
    np.testing.assert_allclose(asked(through=site).values, whole.values, atol=1e-6)


def test_of_several_photographs_the_least_and_the_greatest_share_are_told() -> None:
    pictures = np.random.default_rng(2).random((3, 2, WIDTH, WIDTH))
    settings = {"composite": "epsilon_plus_box", "progress": False}
    units = attribute(layered(), pictures, "head:1", "lrp", source="relu#1", **settings).worths
    shares = [round(100 * float(share)) for share in np.sort(units[:, 2] / units.sum(axis=1))]
    found = attribute(layered(), pictures, "head:1", "lrp", through="relu#1:2", **settings)
    assert shares[0] < shares[-1]
    assert found.notes == (f"only what passes through relu#1:2: {shares[0]} to {shares[-1]} % of the relevance at relu#1",)


def test_neurons() -> None:
    """A unit's places sum to the unit."""
    places = [asked(through=f"relu#1:2@{row},{column}").values for row in range(WIDTH) for column in range(WIDTH)]
    unit = asked(through="relu#1:2").values
    assert sum(place.any() for place in places) > 1
    assert np.abs(sum(places) - unit).max() < 1e-5 * np.abs(unit).max()


def test_what_passes_beside_the_site_has_no_part_in_it() -> None:
    """norm2 is one branch of a sum, relu#0 the other, too: relevance through norm2 leaves out what skipped it."""
    whole, branch = asked().values, asked(through="norm2").values
    both = asked(through=["relu#0", "norm2"]).values
    np.testing.assert_allclose(both, branch, atol=1e-6)
    assert np.abs(branch - whole).max() > 1e-2 * np.abs(whole).max()


def test_hidden_sources() -> None:
    found = asked(source="relu#0", through="relu#1:1")
    assert found.values.shape == (1, 4, WIDTH, WIDTH)
    total = sum(asked(source="relu#0", through=f"relu#1:{unit}").values for unit in range(4))
    np.testing.assert_allclose(total, asked(source="relu#0").values, atol=1e-6)


def test_what_cannot_be_asked() -> None:
    with pytest.raises(NotDefinedError, match="no relevance is handed to one itself: .* Choose the norm"):
        asked(through="one:2")
    with pytest.raises(NotDefinedError, match="computed after head:1, or is its own site"):
        asked(through="head:0")
    with pytest.raises(NotDefinedError, match="norm1 is not between relu#1 and head:1"):
        asked(source="relu#1", through="norm1:1")
    with pytest.raises(AddressError, match="has 4 units"):
        asked(through="norm1:4")
    with pytest.raises(InputError, match='such as "layer3:12"'):
        asked(through=[])
