"""The grammar: one table of cases, what does not follow it, and the round trip of every address that does."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from optogram.errors import AddressError
from optogram.network.address import Address, parse, placed, quoted

CASES = {
    "layer4.1.bn2:17": Address("layer4.1.bn2", unit=17),
    "layer4.1.bn2:17@3,5": Address("layer4.1.bn2", unit=17, place=(3, 5)),
    "blocks.5.mlp.fc1:300@12": Address("blocks.5.mlp.fc1", unit=300, place=(12,)),
    "blocks.5:3@cls": Address("blocks.5", unit=3, place="cls"),
    "blocks.5:3@reg0": Address("blocks.5", unit=3, place="reg0"),
    "layer2.0": Address("layer2.0"),
    "input": Address("input"),
    "input:2@0,223": Address("input", unit=2, place=(0, 223)),
    "output:tabby": Address("output", unit="tabby"),
    'output:"90"': Address("output", unit="90"),
    'output:"Cardigan, Welsh corgi"': Address("output", unit="Cardigan, Welsh corgi"),
    'output:"a:b@c"@1,2': Address("output", unit="a:b@c", place=(1, 2)),
    'output:"say ""hi"""': Address("output", unit='say "hi"'),
    "relu#1~in": Address("relu", call=1, into=True),
    "relu#1~in:4": Address("relu", call=1, into=True, unit=4),
    "layer1.0.relu()#0": Address("layer1.0.relu()", call=0),
    "layer1.0.relu()#0~in:7@1,1": Address("layer1.0.relu()", call=0, into=True, unit=7, place=(1, 1)),
    "encoder/0": Address("encoder", output="0"),
    "vit/last_hidden_state:5": Address("vit", output="last_hidden_state", unit=5),
    "vit/hidden_states.2:5": Address("vit", output="hidden_states.2", unit=5),
    "branch#2/0~in:1": Address("branch", call=2, output="0", into=True, unit=1),
    "attn:h3": Address("attn", unit=3, head=True),
    "attn:h3@cls": Address("attn", unit=3, head=True, place="cls"),
    'fc:"h3"': Address("fc", unit="h3"),
    "layer3:0-15": Address("layer3", unit=0, last=15),
    'fc:"3-5"': Address("fc", unit="3-5"),
    "fc:T-shirt": Address("fc", unit="T-shirt"),
    "fc:Müller": Address("fc", unit="Müller"),
}


@pytest.mark.parametrize("text", CASES)
def test_each_form_is_read_and_written_back(text: str) -> None:
    assert parse(text) == CASES[text]
    assert str(parse(text)) == text
    assert parse(f"  {text} ") == CASES[text]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no address"),
        (":17", "is no address"),
        ("a b:17", "is no address"),
        ("layer#x", "is no address"),
        ("layer2:", "names no unit"),
        ("layer2:@3,5", "names no unit"),
        ("layer2:-3", "count from 0"),
        ("layer2:9-3", "layer2:3-9"),
        ("layer2:3@x,y", "@row,column"),
        ("layer2:3@1,2,3", "@row,column"),
        ("layer2:3@", "@row,column"),
        ('fc:"open', "does not end"),
    ],
)
def test_what_breaks_the_grammar_is_told(text: str, told: str) -> None:
    with pytest.raises(AddressError, match=told):
        parse(text)


def test_parts() -> None:
    address = parse("relu#1~in:4@2,3")
    assert address.site == "relu#1~in"
    assert str(address.at(None)) == "relu#1~in:4"
    assert placed((1,)) == "@1"
    assert placed(None) == ""
    assert quoted(90) == "90"
    assert quoted("90") == '"90"'


paths = st.from_regex(r"[a-z_]\w*(\.\w+){0,3}", fullmatch=True)
units = st.one_of(st.none(), st.integers(0, 5000), st.text(min_size=1, max_size=12).filter(lambda text: text == text.strip()))
places = st.one_of(st.none(), st.tuples(st.integers(0, 300)), st.tuples(st.integers(0, 300), st.integers(0, 300)), st.sampled_from(["cls", "reg3"]))


@given(paths, st.none() | st.integers(0, 9), st.none() | st.sampled_from(["0", "logits", "a.1"]), st.booleans(), units, places)
def test_every_address_survives_the_round_trip(path, call, output, into, unit, place) -> None:
    address = Address(path, call, output, into, unit, place=None if unit is None else place)
    assert parse(str(address)) == address
