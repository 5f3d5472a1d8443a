"""Photographs to mark, and what units answer to them: what the claim `hypothesis` reads."""

from __future__ import annotations

import numpy as np
import pytest

import optogram as og
from optogram.atlas.held_out import held_out, responses
from optogram.evidence.hypothesis import FORMED_IN
from optogram.exemplars.result import Sweep
from optogram.images.photos import Photos
from optogram.zoo._photographs import held_out_crops
from optogram.zoo.photonet import photonet


@pytest.fixture(scope="module")
def swept() -> tuple[Sweep, Photos]:
    photos = held_out_crops(count=68)
    return og.sweep(photonet(), photos, sites=["bn2"], panel=60, progress=False), photos


def test_one_photograph_of_each_group_of_the_other_half(swept: tuple[Sweep, Photos]) -> None:
    sweep, photos = swept
    rows = held_out(sweep.panel, photos)
    groups = [photos.group(int(sweep.panel.indices[row])) for row in rows]
    assert len(set(groups)) == len(groups) > 3
    assert set(sweep.panel.folds[rows]) == {1 - FORMED_IN}
    there = {photos.group(int(index)) for index, fold in zip(sweep.panel.indices, sweep.panel.folds, strict=True) if fold != FORMED_IN}
    assert set(groups) == there
    assert len(held_out(sweep.panel, photos, 2)) == 2


def test_responses_are_the_mean_of_the_probes_in_the_order_of_the_cells(swept: tuple[Sweep, Photos]) -> None:
    sweep, photos = swept
    rows = held_out(sweep.panel, photos)
    order = list(range(63, -1, -1))
    found = np.frombuffer(responses(sweep.panel, "bn2", rows, order), "<f4").reshape(64, len(rows))
    probes = sweep.panel.probes("bn2")
    for cell in (0, 17, 63):
        for column, row in enumerate(rows):
            assert found[cell, column] == pytest.approx(probes[row, :, order[cell]].mean(), rel=1e-5)
