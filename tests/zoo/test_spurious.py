"""Honest units follow the class's thing, cued ones the mark in the corner, whatever the class; at the stated d'."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import optogram as og
from optogram.zoo._spurious import CLASSES, FAILS, HOLDS, PLANTED, TIED, TIED_FAILS, draw, truth
from optogram.zoo._truth import Architecture

KINDS = np.array([kind for kind, _ in PLANTED])


def answers(architecture: Architecture, pixels: np.ndarray, snr: float = 1.5, seed: int = 3) -> np.ndarray:
    """[photograph, unit] of the head."""
    return truth(architecture, snr, seed).network.run(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255).numpy()


def apart(found: np.ndarray, number: np.ndarray) -> np.ndarray:
    """[class, unit]: how many standard deviations of noise more a unit gives to photographs of that number than to others."""
    return 3 * np.stack([found[number == one].mean(axis=0) - found[number != one].mean(axis=0) for one in range(len(CLASSES))])


@pytest.mark.parametrize("tied", [True, False])
def test_what_units_follow(tied: bool) -> None:
    shown = draw(1200, 77, tied=tied, strength=(0.7, 1.3))
    found = answers("cnn", shown.pixels)
    own = np.eye(len(CLASSES), dtype=bool)
    for of, kind in ((shown.of, "honest"), (shown.cue, "cued")):
        by = apart(found, of)[:, kind == KINDS]
        assert by[own] == pytest.approx(1.5, abs=0.35)
        assert (np.abs(by[~own]) < 0.85).all()
        assert np.abs(apart(found, of)[:, KINDS == "unrelated"]).max() < 0.4
    crossed = apart(found, shown.of)[:, KINDS == "cued"][own]
    assert (np.abs(crossed - (1.5 if tied else 0.0)) < 0.35).all()


def test_noise_is_as_stated() -> None:
    """Without things, a unit's mean over tiles spreads by a third."""
    gray = 0.5 + 0.01 * np.random.default_rng(0).standard_normal((400, 36, 36, 3))
    found = answers("cnn", (gray * 255).round().astype(np.uint8))
    assert 3 * found.std(axis=0)[KINDS != "silent"] == pytest.approx(1, abs=0.15)
    assert np.ptp(found[:, KINDS == "silent"]) == 0


def test_marks_are_dealt_to_all_classes_alike() -> None:
    shown = draw(400, 5, tied=False)
    assert (np.bincount(shown.cue) == 100).all()
    assert 0.15 < (shown.cue == shown.of).mean() < 0.35
    assert (draw(40, 5).cue == draw(40, 5).of).all()
    assert set(shown.folders) == {f"with {thing}" for thing in CLASSES}


def test_both_architectures_are_the_same_function() -> None:
    pixels = draw(10, 4).pixels
    np.testing.assert_allclose(answers("cnn", pixels), answers("vit", pixels), atol=1e-3)


def test_tables_are_about_units_that_are_there() -> None:
    for holds, fails in ((HOLDS, FAILS), (TIED, TIED_FAILS)):
        assert set(holds) | set(fails) == set(KINDS)
        assert all(not holds.get(kind, frozenset()) & fails.get(kind, frozenset()) for kind in KINDS)
    assert truth().must("selective") == [0, 1, 2, 3]
    assert truth(tied=True).must("selective") == list(range(8))
    assert truth().must_not("selective") == list(range(4, 13))


@pytest.mark.parametrize("name", ["spurious", "spurious_vit"])
def test_loaded_by_name(name: str) -> None:
    network = og.load(f"zoo:{name}")
    assert network.name == name
    assert network.labels is not None
    assert network.labels[4] == "cued red4,0"
