from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, stats

from optogram.errors import SettingError
from optogram.statistics.random_field import bonferroni, box_resels, densities, expected_euler, threshold

BOX = (24, 24, 14)


@pytest.mark.parametrize(("fwhm", "voxels", "lattice"), [(8 / 3, 4.6860, 4.6433), (2.0, 4.9141, 4.8726), (4.0, 4.3536, 4.3094)])
def test_published_thresholds_by_both_conventions(fwhm: float, voxels: float, lattice: float) -> None:
    assert threshold(box_resels(BOX, fwhm), 131) == pytest.approx(voxels, abs=5e-5)
    assert threshold(box_resels(BOX, fwhm, "lattice"), 131) == pytest.approx(lattice, abs=5e-5)


def test_the_better_of_two_bounds_depends_on_smoothness() -> None:
    assert bonferroni(8064, 131) == pytest.approx(4.5439, abs=5e-5)
    assert threshold(box_resels(BOX, 8 / 3), 131) > bonferroni(8064, 131) > threshold(box_resels(BOX, 4.0), 131)
    assert bonferroni(20) == pytest.approx(stats.norm.isf(0.0025))


@pytest.mark.parametrize(("z", "expected"), [(2.5, 1.9337), (2.75, 1.1035), (3.8, 0.0490)])
def test_a_hundred_flat_resels(z: float, expected: float) -> None:
    assert expected_euler(z, np.array([0.0, 0.0, 100.0])) == pytest.approx(expected, abs=5e-5)


def test_resels_of_a_box_are_its_sides_surfaces_and_volume() -> None:
    np.testing.assert_allclose(box_resels((4, 6, 8), 2.0), [1, 2 + 3 + 4, 2 * 3 + 3 * 4 + 4 * 2, 24])
    np.testing.assert_allclose(box_resels((5, 7, 9), 2.0, "lattice"), [1, 9, 26, 24])


@pytest.mark.parametrize("height", [1.5, 3.0, 5.0])
def test_students_densities_become_the_gaussian_ones(height: float) -> None:
    np.testing.assert_allclose(densities(height, 3, 1e7), densities(height, 3), rtol=1e-4)


def test_smooth_fields_have_as_many_hills_as_expected() -> None:
    """The Euler characteristic counted on simulated two-dimensional fields: components less holes, by vertices, edges and faces."""
    rng = np.random.default_rng(0)
    side, fwhm, height, count = 64, 8.0, 2.0, 120
    found = []
    for _ in range(count):
        smooth = ndimage.gaussian_filter(rng.standard_normal((side, side)), fwhm / np.sqrt(8 * np.log(2)), mode="wrap")
        above = smooth > height * smooth.std()
        edges = (above & np.roll(above, 1, 0)).sum() + (above & np.roll(above, 1, 1)).sum()
        faces = (above & np.roll(above, 1, 0) & np.roll(above, 1, 1) & np.roll(np.roll(above, 1, 0), 1, 1)).sum()
        found.append(above.sum() - edges + faces)
    expected = (side / fwhm) ** 2 * densities(height, 2)[2]  # a torus has no boundary: its area only
    assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / np.sqrt(count) + 0.05 * expected)


def test_a_smoothness_that_is_none() -> None:
    with pytest.raises(SettingError, match="positive width"):
        box_resels(BOX, 0.0)
