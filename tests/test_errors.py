from __future__ import annotations

import re
from inspect import getmembers, isclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optogram import errors
from optogram.errors import OptogramError, nearest, unknown

TREE = dict(getmembers(errors, lambda member: isclass(member) and issubclass(member, OptogramError)))


def test_the_drawing_shows_every_error() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert set(drawn) == set(TREE) - {"OptogramError"}


@pytest.mark.parametrize("name", sorted(set(TREE) - {"OptogramError"}))
def test_each_error_is_caught_by_the_root(name: str) -> None:
    with pytest.raises(OptogramError, match="what to type"):
        raise TREE[name]("what to type")


@pytest.mark.parametrize("name", ["LoadError", "AddressError", "InputError", "SettingError", "SourceError", "NotDefinedError", "StaleError"])
def test_wrong_arguments_are_value_errors(name: str) -> None:
    assert issubclass(TREE[name], ValueError)


def test_missing_extra_is_an_import_error() -> None:
    assert issubclass(errors.MissingExtraError, ImportError)


def test_nearest_puts_a_slip_of_the_finger_first() -> None:
    known = ["layer1.0.conv1", "layer4.1.conv2", "layer4.0.conv2", "fc"]
    assert nearest("layer4.2.conv2", known)[:2] == ["layer4.1.conv2", "layer4.0.conv2"]
    assert nearest("fcc", known)[0] == "fc"


def test_nearest_finds_a_part_of_a_name_whatever_its_case() -> None:
    assert nearest("CAM", ["gradient", "grad_cam", "occlusion"]) == ["grad_cam"]


@given(st.text(max_size=8), st.lists(st.text(min_size=1, max_size=8), max_size=8, unique=True), st.integers(0, 4))
def test_nearest_gives_some_of_the_known(name: str, known: list[str], count: int) -> None:
    found = nearest(name, known, count=count) if count else []
    assert len(found) <= count
    assert set(found) <= set(known)
    assert len(set(found)) == len(found)


@given(st.lists(st.text("abc_", min_size=3, max_size=8), min_size=1, max_size=8, unique=True))
def test_a_known_name_is_its_own_nearest(known: list[str]) -> None:
    assert all(nearest(name, known)[0] == name for name in known)


def test_unknown_tells_what_nearest_and_hint() -> None:
    message = unknown("site", "layer9", ["layer1", "layer2"], hint="`optogram layers` lists all 2.")
    assert message == 'no site "layer9". Nearest: layer1, layer2. `optogram layers` lists all 2.'


def test_unknown_lists_what_there_is_where_nothing_is_near() -> None:
    message = unknown("canvas", "zzz", [f"m{index}" for index in range(10)])
    assert message.startswith('no canvas "zzz". There are 10: m0, m1,')
    assert message.endswith("m7 ....")
