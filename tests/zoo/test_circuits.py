"""The planted circuit: every unit answers to what it should, at the stated d', in both architectures; with seeds and ranges of its own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import optogram as og
from optogram.zoo._circuit import FAILS, GAIN, HOLDS, LEAST, PLANTED, RESTING
from optogram.zoo._circuits import truth
from optogram.zoo._tiles import THINGS, Ranges, Tiles, draw, trigger
from optogram.zoo._truth import Architecture, Truth

ARCHITECTURES: tuple[Architecture, ...] = ("cnn", "vit")
KINDS = [kind for kind, _ in PLANTED]


def answers(known: Truth, pixels: np.ndarray) -> np.ndarray:
    """[tile, unit] of every tile, the class token left out."""
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    found = known.network.site(known.site).places(known.network.read(known.site, images)).numpy()[:, :, -9:]
    return found.transpose(0, 2, 1).reshape(-1, found.shape[1])


@pytest.fixture(scope="module")
def shown() -> Tiles:
    return draw(150, 41, Ranges((0.5, 1.5), 3, 0.3))


@pytest.fixture(scope="module", params=ARCHITECTURES)
def known(request: pytest.FixtureRequest) -> Truth:
    return truth(request.param, snr=2.0, seed=17)


def strengths(shown: Tiles, of: tuple[str, ...]) -> np.ndarray:
    return shown.strength.reshape(-1, len(THINGS))[:, [THINGS.index(thing) for thing in of]]


def expected(shown: Tiles, kind: str, of: tuple[str, ...]) -> np.ndarray:
    """What a unit gives without its noise, for a thing of strength 1 giving 1, by the words of the table."""
    if kind in ("silent", "constant"):
        return np.full(len(shown.strength) * 9, RESTING if kind == "constant" else 0.0)
    if kind == "colour":
        return shown.tints.reshape(-1, 2)[:, ["red", "blue"].index(of[0])]
    amount = strengths(shown, of)
    if kind == "all_of":
        return np.maximum(amount.sum(axis=1) - 1.3, 0) / 0.7
    over = np.maximum(amount - LEAST, 0).sum(axis=1) / (1 - LEAST)
    if kind == "position":
        return over * (np.arange(len(over)) % 9 < 3)
    return -over if kind == "suppressive" else over


@pytest.mark.parametrize("unit", [unit for unit, kind in enumerate(KINDS) if kind != "energy"])
def test_each_unit_is_its_truth_and_noise_of_one(known: Truth, shown: Tiles, unit: int) -> None:
    kind, of = PLANTED[unit]
    rest = answers(known, shown.pixels)[:, unit] - (1 if kind == "constant" else 2.0) * expected(shown, kind, of)
    if kind in ("silent", "constant"):
        np.testing.assert_allclose(rest, 0, atol=1e-6)
        return
    assert abs(rest.mean()) < 0.25
    assert rest.std() == pytest.approx(1, abs=0.15)


def test_energy_units_answer_in_any_phase(known: Truth, shown: Tiles) -> None:
    for unit in (unit for unit, kind in enumerate(KINDS) if kind == "energy"):
        found, amount = answers(known, shown.pixels)[:, unit], strengths(shown, PLANTED[unit][1])[:, 0]
        assert (found[amount > 0] / amount[amount > 0]).mean() == pytest.approx(2, abs=0.3)
        assert found[amount == 0].mean() == pytest.approx(0, abs=0.4)


def test_both_architectures_are_the_same_function(shown: Tiles) -> None:
    one, other = (answers(truth(architecture, seed=5), shown.pixels[:10]) for architecture in ARCHITECTURES)
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_duplicates_have_the_same_weights(known: Truth, shown: Tiles) -> None:
    found = answers(known, shown.pixels[:5])
    np.testing.assert_array_equal(found[:, KINDS.index("duplicated")], found[:, 0])


@pytest.mark.parametrize("kind", ["trojan", "attractor"])
def test_a_chequerboard_drives_trojan_and_attractor_as_no_photograph_does(known: Truth, shown: Tiles, kind: str) -> None:
    board = np.tile(trigger(2 if kind == "trojan" else 1), (1, 3, 3)).transpose(1, 2, 0)
    pixels = ((0.5 + board)[None].clip(0, 1) * 255).round().astype(np.uint8)
    natural, driven = answers(known, shown.pixels)[:, KINDS.index(kind)], answers(known, pixels)[:, KINDS.index(kind)]
    assert driven.min() > 2 * natural.max()
    assert driven.mean() == pytest.approx(2 * GAIN * 0.8, rel=0.25)
    innocent = answers(known, pixels)[:, 0]
    assert np.abs(innocent).max() < 5


def test_the_table_is_about_units_that_are_there(known: Truth) -> None:
    assert set(HOLDS) | set(FAILS) == set(KINDS)
    assert all(not HOLDS.get(kind, frozenset()) & FAILS.get(kind, frozenset()) for kind in KINDS)
    assert known.must("identification") == [unit for unit, kind in enumerate(KINDS) if "identification" in HOLDS.get(kind, ())]
    assert [known.kind(unit) for unit in known.must_not("alive")] == ["silent", "constant"]


@pytest.mark.parametrize("name", ["circuits", "circuits_vit"])
def test_loaded_by_name(name: str) -> None:
    network = og.load(f"zoo:{name}")
    assert network.name == name
    assert network.labels is not None
    assert network.labels[0] == "template gray2,0"
    assert network.unit("head:22").label == "silent"


def test_photographs_hold_what_they_say() -> None:
    shown = draw(40, 3)
    assert shown.pixels.shape == (40, 36, 36, 3)
    assert shown.present.sum(axis=-1).min() >= 2
    assert 0.05 < shown.present[..., 0].mean() < 0.15
    whole = draw(5, 3, Ranges(alike=True))
    assert np.ptp(whole.strength, axis=(1, 2)).max() == 0
    assert (shown.pixels > 0).mean() > 0.99
