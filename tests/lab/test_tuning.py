from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optogram.drawing.text import length
from optogram.drawing.theme import CAPTION, SPACES
from optogram.errors import InputError, NotDefinedError
from optogram.lab import _tuning_figures
from optogram.lab.tuning import TuningResult, default_sites, sharper, tuning
from optogram.physiology.macaque import variances
from optogram.physiology.tuning import tune
from optogram.zoo._planted import planted
from optogram.zoo.photonet import photonet
from optogram.zoo.sky_vit import sky_vit


@pytest.fixture(scope="module")
def found() -> TuningResult:
    given = planted(3)
    return tuning(network=given.network, unit=given.addresses["wave"], sites=("rectified", "energy"), quick=True, progress=False)


def test_simple_cells_are_counted_below_and_complex_ones_above(found: TuningResult) -> None:
    """Of the planted rectified units wave, quarter, negative, oblique, double, checker are simple; the energy unit is complex."""
    given = planted(3)
    simple = [int(given.addresses[name].split(":")[1]) for name in ("wave", "quarter", "negative", "oblique", "double")]
    assert (found.ratio[0][simple] > 1).all()
    assert found["complex rectified"] <= 1 / 7
    assert found["complex energy"] == 1
    assert found.finding("complex energy").low == pytest.approx(0.025)


def test_the_unit_looked_at_closely_has_its_planted_tuning(found: TuningResult) -> None:
    assert found["orientation"] == pytest.approx(90, abs=1)
    assert found["ratio"] == pytest.approx(np.pi / 2, rel=0.1)
    middle = np.corrcoef(found.field.ravel(), planted(3).truth["wave"].sum(0).ravel())[0, 1]
    assert middle > 0.95
    assert found.by_contrast[-1] == pytest.approx(found.by_contrast[0] * 10, rel=1e-3)
    peak = np.angle((found.by_phase * np.exp(1j * found.phases)).sum())
    np.testing.assert_allclose(found.by_phase / found.by_phase.max(), np.maximum(np.cos(found.phases - peak), 0), atol=0.1)
    white, black = found.bars[:, int(found.by_orientation.argmax())]
    profile = planted(3).truth["wave"].sum((0, 1))
    expected = np.interp(found.offsets, np.arange(len(profile)) - (len(profile) - 1) / 2, profile, left=0, right=0)
    assert np.corrcoef(white - black, expected)[0, 1] > 0.95


def test_pooling_makes_simple_units_complex(found: TuningResult) -> None:
    for name in ("max", "sum", "squares"):
        finding = found.finding(f"pooled by {name}")
        assert finding.value < 1 < (finding.control or 0)
    assert (found.pooled[:, 0] > 1).all()


def test_units_stand_beside_cells_of_macaque_v1(found: TuningResult) -> None:
    """All pairs, counted one by one; a population beside itself is at a half, a sharper one above."""
    cells = variances()
    units = found.variance[0][np.isfinite(found.variance[0])]
    counted = np.mean([(unit < cells).mean() + (unit == cells).mean() / 2 for unit in units])
    finding = found.finding("sharper rectified")
    assert finding.value == pytest.approx(counted)
    assert finding.low is not None
    assert finding.high is not None
    assert 0 <= finding.low <= finding.value <= finding.high <= 1
    assert sharper(cells, cells) == pytest.approx(0.5)
    assert sharper(cells - 0.2, cells) > 0.6 > 0.4 > sharper(cells + 0.2, cells)


def test_a_network_without_places_is_refused() -> None:
    from torch import nn

    from optogram.images.preprocess import Preprocess
    from optogram.network.network import Network

    with pytest.raises(NotDefinedError, match="no rectified site with places"):
        default_sites(Network(nn.Sequential(nn.Flatten(), nn.Linear(48, 4)), Preprocess(size=4)))


def test_units_of_a_transformer_have_tuning_and_no_neighbours_to_pool() -> None:
    """No rectifier has places there: affine sites do, whose rates are rectified as all are; tokens stand in a row."""
    network = sky_vit()
    assert default_sites(network) == ("embed", "fc1", "fc2")
    told = tuning(network=network, sites=("fc1",), quick=True, progress=False)
    assert told.unit.startswith("fc1:")
    assert np.isnan(told.pooled).all()
    assert set(told.pictures()) == {"layers", "sharpness", "unit"}


def test_a_dead_unit_is_told_what_to_do_about() -> None:
    network = photonet()
    dead = int(np.flatnonzero(~tune(network, "relu1", orientations=4, phases=4, progress=False).driven)[0])
    with pytest.raises(InputError, match=f"relu1:{dead} is driven by no grating: name another unit"):
        tuning(unit=f"relu1:{dead}", sites=("relu1",), quick=True, progress=False)


def test_long_names_and_many_sites_leave_room_for_dots_and_cells(found: TuningResult, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six sites of long names: the sheet grows by what they take, and the cells of macaque V1 are still one of six curves."""
    drawn: list[dict[str, Any]] = []
    curves = _tuning_figures.curves
    monkeypatch.setattr(_tuning_figures, "curves", lambda lines, **rest: (drawn.append(lines), curves(lines, **rest))[1])
    names = tuple(f"features.{number}.expand1x1_activation" for number in range(6))
    arrays = {name: getattr(found, name)[:1] * 6 for name in ("ratio", "variance", "twin_ratio", "twin_variance")}
    many = replace(found, sites=names, **arrays)
    _tuning_figures.sharpness(many)
    assert list(drawn[0]) == [names[0], names[1], names[2], names[4], names[5], "macaque V1"]
    wider = _tuning_figures.layers(many).width - _tuning_figures.layers(found).width
    assert wider == pytest.approx(2 * (length(names[0], CAPTION) + SPACES[1] - 76), abs=2)


def test_pictures_are_drawn(found: TuningResult) -> None:
    assert set(found.pictures()) == {"layers", "sharpness", "unit", "pooling"}
