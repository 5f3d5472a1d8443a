from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from optogram.cli._app import run
from optogram.errors import SettingError, SourceError
from optogram.images.open_images import open_images
from optogram.lab._stack import Stack
from optogram.lab.hidden import duplicates, hidden, roles, without

Quick = Callable[[str], Any]


def planted() -> tuple[Stack, torch.Tensor]:
    """Seven units on three pixels: unit 0 is never on, unit 2 is twice unit 1, unit 3 reads what unit 1 reads and says the opposite, 4 and 5 stand
    alone, 6 says the same to both classes."""
    incoming = torch.tensor([[1.0, 1, 1], [1, 0, 0], [2, 0, 0], [1, 0, 0], [0, 1, 0], [0, -1, 1], [0, 0, 1]])
    biases = torch.tensor([-100.0, 0, 0, 0, 0.1, 0, 0])
    outgoing = torch.tensor([[1.0, 1, 0.5, -1, 2, -3, 4], [-1, -1, -0.5, 1, 0, 1, 4]])
    return Stack((incoming[None], outgoing[None]), (biases[None], torch.zeros(1, 2))), torch.rand(60, 3, generator=torch.Generator().manual_seed(0))


def test_duplicates_by_hand() -> None:
    incoming = np.array([[1.0, 0, 0], [2, 0, 0], [0, 1, 0], [3, 0, 0], [1, 0, 0]])
    outgoing = np.array([[1.0, -1], [0.5, -0.5], [1, -1], [-1, 1], [1, -1]])
    alive = np.array([True, True, True, True, False])
    assert duplicates(incoming, outgoing, alive).tolist() == [0, 0, 2, 3, 4]


def test_planted_dead_and_duplicate_units_are_told() -> None:
    _, on, copies = roles(*planted())
    assert on[0] == 0
    assert (on[1:5] == 1).all()
    assert 0 < on[5] < 1
    assert copies.tolist() == [0, 1, 1, 3, 4, 5, 6]


def test_a_contribution_is_what_the_scores_differ_by_without_the_unit() -> None:
    net, known = planted()
    contribution = roles(net, known)[0]
    whole = net.layers(known)[-1][0]
    for unit in range(7):
        added = whole - without(net, np.array([unit])).layers(known)[-1][0]
        apart = added - added.mean(dim=1, keepdim=True)  # what is said to all classes alike decides nothing
        assert contribution[unit] == pytest.approx(float(apart.var(dim=0).sum().sqrt()), abs=1e-6)
    assert contribution[0] == contribution[6] == 0 < contribution[1]


class TestQuick:
    def test_three_hundred_templates_beat_one_and_their_controls(self, quick: Quick) -> None:
        found = quick("hidden").result
        best, one = found.finding("units_300"), found.finding("units_1")
        assert found.provenance.settings["units"] == len(found.biases) == 300
        assert best.low > one.value
        assert one.low > one.chance + 0.1
        assert best.low > found["nearest"]
        assert abs(best.control - best.chance) < 0.15 < best.low - best.control
        assert "1 hidden unit (" in one.sentence

    def test_units_are_described_by_their_weights(self, quick: Quick) -> None:
        found = quick("hidden").result
        assert found["dead"] == (found.on == 0).sum()
        assert found["duplicates"] == (found.copies != np.arange(300)).sum()
        order = np.sort(found.contribution**2)[::-1].cumsum()
        enough = int(found["enough"])
        assert order[enough - 1] >= 0.9 * order[-1] > order[enough - 2]
        assert found["smoothness"] > found.finding("smoothness").control + 0.5

    def test_cards_are_sorted_by_what_matters(self, quick: Quick) -> None:
        found = quick("hidden").result
        assert (np.diff(found.contribution[found.order]) <= 0).all()
        assert found["silenced"] > 1.5 * found.finding("silenced").control > 0


def test_more_templates_name_more_digits() -> None:
    found = hidden(data="digits", units=100, quick=True, progress=False)
    entries = [found.finding(f"units_{size}") for size in (1, 3, 10, 100)]
    for fewer, more in pairwise(entries):
        assert fewer.high < more.value
    assert entries[0].value < 0.4 < 0.9 < entries[-1].low
    assert entries[-1].control < 0.2


@pytest.mark.parametrize("side", [64, pytest.param(128, marks=pytest.mark.slow)])
def test_people_from_class_folders(side: int, shared_data: Callable[..., Path]) -> None:
    """Forty people with ten pictures each: five to learn from."""
    found = hidden(open_images(shared_data("faces", "orl")), side=side, units=60, steps=60, quick=True, progress=False)
    entry = found.finding("units_60")
    assert (len(found.names), entry.chance) == (40, 1 / 40)
    assert found.incoming.shape == (60, side, side)
    assert entry.low > 0.75
    assert found["units_1"] < 0.2 > entry.control
    assert found["smoothness"] > found.finding("smoothness").control + 0.3


def test_ten_objects_by_the_command(fashion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "hidden", "--images", str(fashion), "--side", "28", "--units", "100", "--quick", "--out", str(tmp_path / "kept")]) == 0
    assert "named rightly with 100 hidden units" in capsys.readouterr().out
    with np.load(tmp_path / "kept" / "hidden.npz") as kept:
        assert kept["incoming"].shape == (100, 28, 28)
        assert kept["outgoing"].shape == (10, 100)
        rates = kept["rates"]
    assert 0.72 < rates[-1] < 0.9  # five hundred to learn from; sixty thousand give about .88
    assert rates[0] < 0.4


@pytest.mark.slow
def test_ten_objects_ten_thousand_pictures_by_the_command(all_fashion: Path, tmp_path: Path) -> None:
    """Five thousand to learn from and five thousand new ones; control: the same network, trained on shuffled labels, and one unit."""
    typed = ["lab", "hidden", "--images", str(all_fashion), "--side", "28", "--units", "100", "--steps", "120", "--out", str(tmp_path / "kept")]
    assert run(typed) == 0
    kept = json.loads((tmp_path / "kept" / "hidden.json").read_text())
    findings = {entry["name"]: entry for entry in kept["findings"]}
    best = findings["units_100"]
    assert "of 5,000 new pictures" in best["sentence"]
    assert 0.82 < best["low"] < best["high"] < 0.9  # five thousand to learn from; sixty thousand give about .88
    assert best["high"] - best["low"] < 0.025
    assert findings["units_1"]["high"] < 0.4
    assert best["control"] < 0.2
    assert findings["nearest"]["high"] < best["low"]
    rates = [findings[f"units_{size}"]["value"] for size in (1, 3, 10, 30, 100)]
    assert rates == sorted(rates)
    assert findings["smoothness"]["value"] > findings["smoothness"]["control"] + 0.3


def test_no_unit_and_no_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="at least 1 unit"):
        hidden(units=0, quick=True)
    with pytest.raises(SourceError, match="class folders"):
        hidden(open_images(np.zeros((4, 8, 8), np.uint8)), quick=True)
