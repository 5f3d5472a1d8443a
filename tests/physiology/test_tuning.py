from __future__ import annotations

import numpy as np
import pytest

from optogram.errors import InputError, SettingError
from optogram.physiology.electrode import electrode
from optogram.physiology.profiles import bar_tuning, contrast_tuning, size_tuning, spot_maps
from optogram.physiology.tuning import Tuning, best_gratings, tune
from optogram.result import Provenance
from optogram.zoo._planted import Planted, planted

CYCLES = np.array([1, 2, 3, 4]) / 12


@pytest.fixture(scope="module")
def given() -> Planted:
    return planted(3)


@pytest.fixture(scope="module")
def templates(given: Planted) -> Tuning:
    return tune(given.network, "rectified", frequencies=CYCLES, phases=24, progress=False)


def index(given: Planted, name: str) -> int:
    return int(given.addresses[name].split(":")[1])


@pytest.mark.parametrize(("name", "orientation", "cycles"), [("wave", 90, 3), ("quarter", 90, 3), ("negative", 90, 3), ("oblique", 45, 2 * 2**0.5)])
def test_planted_tuning_is_recovered(given: Planted, templates: Tuning, name: str, orientation: float, cycles: float) -> None:
    unit = index(given, name)
    assert templates.preferred[unit] == pytest.approx(orientation, abs=0.5)
    assert templates.preferred_frequency[unit] * 12 == pytest.approx(cycles, abs=0.5)
    assert templates.ratio[unit] == pytest.approx(np.pi / 2, abs=0.02)
    assert templates.simple[unit]


def test_the_energy_unit_is_complex_and_its_parts_are_simple(given: Planted, templates: Tuning) -> None:
    energy = tune(given.network, given.addresses["energy"], frequencies=CYCLES, progress=False)
    assert energy.ratio[0] == pytest.approx(0, abs=1e-4)
    assert energy.complex[0]
    assert not energy.simple[0]
    assert energy.preferred[0] == pytest.approx(90, abs=0.5)


def test_bandwidth_and_variance_equal_those_of_the_template_s_own_spectrum(given: Planted, templates: Tuning) -> None:
    """A half-wave rectified linear unit's F1 is half the modulus of its template's Fourier transform: computed here directly."""
    rows, columns = np.mgrid[:12, :12]
    wave = given.truth["wave"].sum(0)
    angles = np.radians(templates.orientations)
    spectrum = np.array([abs((wave * np.exp(-2j * np.pi * 3 / 12 * (columns * np.sin(a) + rows * np.cos(a)))).sum()) for a in angles])
    curve = templates.by_orientation[index(given, "wave")]
    np.testing.assert_allclose(curve / curve.max(), spectrum / spectrum.max(), atol=0.01)


def test_silent_and_constant_units_have_no_tuning(given: Planted, templates: Tuning) -> None:
    for name in ("dead", "constant", "opponent"):
        unit = index(given, name)
        assert not templates.driven[unit]
        assert np.isnan([templates.ratio[unit], templates.variance[unit], templates.preferred[unit], templates.bandwidth[unit]]).all()
    with pytest.raises(InputError, match="driven by no grating"):
        best_gratings(templates, index(given, "dead"))


def test_a_unit_that_answers_gray_is_told_by_how_it_departs_from_that() -> None:
    """Rates written down, on a rest of 5, most at 60 degrees and .2: one rises and falls by as much; one adds a rectified wave; one a constant."""
    turns = np.arange(24) * 2 * np.pi / 24
    depth = np.array([[1.0, 2], [3, 8], [2, 1]])[:, :, None]  # three orientations, two frequencies
    waves = (depth * np.cos(turns), depth * np.maximum(np.cos(turns), 0), depth * np.ones(24))
    rates = 5 + np.stack(waves)
    told = Tuning(("a:0", "a:1", "a:2"), np.array([0.0, 60, 120]), np.array([0.1, 0.2]), turns, rates, np.full(3, 5.0), Provenance("tune", "", ""))
    assert told.best.tolist() == [[1, 1]] * 3
    assert told.ratio == pytest.approx([np.inf, np.pi / 2, 0], abs=0.02)
    np.testing.assert_allclose(told.strength[0], depth[:, :, 0])
    np.testing.assert_allclose(told.strength[2], depth[:, :, 0])
    np.testing.assert_allclose(told.by_frequency[2], depth[1, :, 0])
    np.testing.assert_allclose(told.by_phase[0], 5 + 8 * np.cos(turns))


def test_a_spot_has_no_orientation(given: Planted, templates: Tuning) -> None:
    assert templates.variance[index(given, "spot")] > 0.95 > 0.5 > templates.variance[index(given, "wave")]


def test_two_phases_are_refused(given: Planted) -> None:
    with pytest.raises(SettingError, match="3 phases"):
        tune(given.network, "rectified", phases=2)


def test_contrast_is_a_line_and_size_saturates_at_the_field(given: Planted) -> None:
    probe = electrode(given.network, given.addresses["wave"])
    line = contrast_tuning(probe, 90, 0.25, np.array([0.2, 0.4, 0.8]))[0]
    np.testing.assert_allclose(line / line[0], [1, 2, 4], rtol=1e-4)
    growing = size_tuning(probe, 90, 0.25, np.array([1.0, 3.0, 5.0, 9.0, 14.0]))[0]
    assert (np.diff(growing[:3]) > 0).all()
    assert growing[-1] == pytest.approx(growing[-2], rel=1e-4)


def test_spots_map_the_template(given: Planted) -> None:
    """Spots of a single pixel, in the neuron's own field, against the planted weights."""
    probe = electrode(given.network, given.addresses["wave"])
    white, black = spot_maps(probe, radius=0.5)
    assert np.corrcoef((white - black)[0].ravel(), given.truth["wave"].sum(0).ravel())[0, 1] > 0.999


def test_a_rotating_bar_finds_the_orientation(given: Planted) -> None:
    probe = electrode(given.network, given.addresses["oblique"])
    angles = np.arange(12) * 15.0
    rates = bar_tuning(probe, 2, 20, angles, np.arange(-6, 7.0))
    assert angles[rates[:, 0].max(axis=(0, 2)).argmax()] == 45
