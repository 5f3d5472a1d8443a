"""From addresses to sites and units, and the words for what is not there."""

from __future__ import annotations

import pytest
from tests.network.nets import LABELS, Attention, Residual, Several, settled

from optogram.errors import AddressError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(settled(Residual()), Preprocess(size=32), LABELS, name="small")


def test_units_by_index_label_range_and_alone(network: Network) -> None:
    assert network.unit("layer.0.bn2:3@1,2").place == (1, 2)
    assert network.unit("fc:tabby").index == 5
    assert network.unit("fc:TABBY").index == 5
    assert network.unit('fc:"90"').index == 1
    assert network.unit('fc:"Cardigan, Welsh corgi"').label == "Cardigan, Welsh corgi"
    assert network.unit("T-shirt").address == "fc:6"
    assert network.unit("output:tabby").index == 5
    assert [unit.index for unit in network.units("last:2-4")] == [2, 3, 4]
    assert len(network.units("last")) == 6
    assert network.site("layer.1").kind == "block"
    assert network.site("relu()#0").before == "relu()#0~in"


def test_the_canonical_address_leads_back(network: Network) -> None:
    for site in network.sites(default=False):
        assert network.site(site.address) == site
        unit = network.unit(f"{site.address}:{site.units - 1}")
        assert network.unit(unit.address) == unit


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("layer.2.conv2", 'no site "layer.2.conv2" in small. Nearest: layer.0.conv2, layer.1.conv2'),
        ("fc:7", "fc has 7 units (0 to 6); you asked for 7."),
        ("last:0-9", "last has 6 units (0 to 5); you asked for 9."),
        ("fc:crane", '2 classes are called "crane": fc:3 and fc:4; write the index'),
        ("fc:tabbi", 'no class "tabbi" at fc. Nearest: fc:tabby'),
        ("layer.0.relu:0", '"layer.0.relu" is called 2 times; say which: layer.0.relu#0, layer.0.relu#1'),
        ("layer.0.relu#2:0", '"layer.0.relu" is called 2 times (#0 to #1); there is no #2'),
        ("conv:tabby", 'conv has no labels, so "tabby" names no unit of it; write an index, 0 to 7'),
        ("conv:0@16,0", "conv has 16x16 places; there is no place @16,0"),
        ("conv:0@cls", 'conv has no token "@cls"'),
        ("conv:h0", "conv holds no heads side by side"),
        ("fc:1@0,0", "fc has one place; there is no place @0,0"),
        ("conv:0-3", '"conv:0-3" names 4 units where one is needed; write one of them, such as conv:0'),
    ],
)
def test_what_is_not_there(network: Network, address: str, told: str) -> None:
    with pytest.raises(AddressError) as caught:
        network.unit(address)
    assert told in str(caught.value)


def test_the_hint_counts_what_the_table_lists(network: Network) -> None:
    with pytest.raises(AddressError, match=rf"`optogram layers` lists all {len(network.sites(default=False))}\."):
        network.site("nothing")


def test_several_outputs_must_be_named() -> None:
    network = Network(Several(), name="several")
    with pytest.raises(AddressError, match=r'"pair" returns several tensors; say which: pair/0, pair/1.double'):
        network.site("pair")
    assert network.site("pair/1.double").units == 4
    assert network.site("output/logits").units == 5
    assert network.site("output/states.1").units == 4


def test_tokens_by_name_number_and_patch() -> None:
    network = Network(Attention(), Preprocess(size=16))
    site = network.site("mlp.2")
    assert (site.layout, site.grid, site.prefix, site.patch_grid) == ("tokens", (19,), ("cls", "reg0", "reg1"), (4, 4))
    assert site.flat_place("cls") == 0
    assert site.flat_place("reg1") == 2
    assert site.flat_place((1, 2)) == 3 + 6
    assert site.flat_place((12,)) == 12
    assert [network.site(f"attention.{part}").heads for part in ("query", "value", "proj~in", "proj")] == [2, 2, 2, 0]
    with pytest.raises(AddressError, match=r"attention.query has 2 heads \(h0 to h1\); you asked for h2"):
        network.unit("attention.query:h2")
