"""Which number type is taken where, and that pictures made in bfloat16 drive units as far as those in single precision."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

import optogram as og
from optogram.network.fast.few import Few
from optogram.synthesis.asked import objectives_of
from optogram.synthesis.objectives.cosine_dot import cosine_dot
from optogram.synthesis.presets.lucid import lucid
from optogram.synthesis.speed import ROOMY, bytes_a_row, fastest_type, fitting_batch
from optogram.synthesis.stage import framed
from optogram.synthesis.synthesize import synthesize

UNITS = ["bn1:0-3", "bn2:0-3", "bn3:0-3", "bn4:0-3"]


@pytest.mark.parametrize(("dot", "tiles"), [(False, False), (True, False), (False, True)])
def test_bfloat16_is_taken_where_the_processor_multiplies_it(dot: bool, tiles: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, there in (("_is_avx512_bf16_supported", dot), ("_is_amx_tile_supported", tiles)):
        monkeypatch.setattr(torch.cpu, name, lambda there=there: there, raising=False)
    assert fastest_type(torch.device("cpu")) == (torch.bfloat16 if dot or tiles else torch.float32)
    assert fastest_type(torch.device("meta")) == torch.float32


def test_as_many_climb_at_once_as_are_quick_where_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    net = og.load("zoo:photonet")
    goals = objectives_of(net, [f"bn3:{index % net.site('bn3').units}" for index in range(40)])
    stage = framed(net, [net.site("bn3")], (32, 32), lucid.transforms)
    one = bytes_a_row(net, goals[0], stage)
    assert [fitting_batch(net, goals, stage, size, None) for size in (None, 4, 40)] == [32, 4, 40]
    assert [fitting_batch(net, goals, stage, size, 20 * one) for size in (None, 4, 40)] == [20, 4, 20]
    assert fitting_batch(net, goals[:5], stage, None, 3 * one) == 3
    assert 32 * one < ROOMY
    for room, rows in ((20 * one, 20), (3 * one, 16)):
        monkeypatch.setattr(sys.modules[fitting_batch.__module__], "ROOMY", room)
        assert fitting_batch(net, goals, stage, None, None) == rows


def test_pictures_made_in_bfloat16_drive_units_as_far_by_single_precisions_measure() -> None:
    """What is told was measured in the network's own type: a response rounded to eight bits would show."""
    net = og.load("zoo:photonet")
    single, half = (synthesize(net, UNITS, steps=48, dtype=kind, progress=False) for kind in (torch.float32, torch.bfloat16))
    assert half.provenance.settings["dtype"] != single.provenance.settings["dtype"]
    reached = np.array(half.activations) / np.array(single.activations)
    assert reached.min() > 0.93
    assert np.median(reached) == pytest.approx(1, abs=0.02)
    assert not (half.trace == single.trace).all()
    assert (np.array(half.activations) != torch.tensor(half.activations).bfloat16().float().numpy()).mean() > 0.9


def test_units_of_which_no_picture_is_made_are_not_computed_and_change_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objectives that look at all units of a site have all of them."""
    net = og.load("zoo:photonet")
    asked: list[tuple[set[int], bool]] = []

    def only(self: Few, units: set[int]) -> None:
        plain(self, units)
        asked.append((units, self.units is not None))

    plain = Few.only
    monkeypatch.setattr(Few, "only", only)
    few = synthesize(net, ["bn3:3", "bn3:7", "bn3:11"], steps=20, batch_size=2, progress=False)
    assert asked == [({3, 7}, True), ({11}, True)]  # a batch of two, then one
    synthesize(net, ["bn3:3"], steps=1, objective=lambda unit: cosine_dot(unit.site, np.ones(unit.site.units)), progress=False)
    assert len(asked) == 2
    monkeypatch.setattr(sys.modules["optogram.synthesis.ascend"], "last_convolution", lambda *_: None)
    whole = synthesize(net, ["bn3:3", "bn3:7", "bn3:11"], steps=20, batch_size=2, progress=False)
    assert np.abs(few.images - whole.images).max() < 1e-4
    assert np.allclose(few.trace, whole.trace, rtol=1e-4)
