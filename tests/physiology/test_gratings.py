from __future__ import annotations

import numpy as np
import pytest

from optogram.errors import SettingError
from optogram.physiology.gratings import bar, grating, spot


def test_standing_stripes_vary_across_and_lying_ones_down() -> None:
    standing, lying = grating((16, 16), [90, 0], 0.125)
    np.testing.assert_allclose(standing, np.broadcast_to(standing[:1], (16, 16)), atol=1e-6)
    np.testing.assert_allclose(lying, np.broadcast_to(lying[:, :1], (16, 16)), atol=1e-6)


@pytest.mark.parametrize("orientation", [20, 70, 110, 160])
def test_orientation_counts_counterclockwise(orientation: float) -> None:
    """The gradient of a picture stands at right angles to its stripes: orientation from the structure tensor, y pointing up."""
    down, right = np.gradient(grating((64, 64), orientation, 0.05)[0].astype(float))
    up = -down
    normal = 0.5 * np.degrees(np.arctan2(2 * (up * right).sum(), (right**2 - up**2).sum()))
    assert (normal + 90) % 180 == pytest.approx(orientation, abs=0.5)


def test_frequency_contrast_and_phase_are_what_was_asked() -> None:
    line = grating((1, 32), 90, 4 / 32, np.pi / 3, contrast=0.4, centre=(0, 0))[0, 0]
    np.testing.assert_allclose(line, 0.5 + 0.2 * np.cos(2 * np.pi * np.arange(32) / 8 + np.pi / 3), atol=1e-6)


def test_areas_of_disc_spot_and_bar() -> None:
    disc = grating((65, 65), 0, 0.0, radius=20.0)[0]
    assert (disc - 0.5).sum() * 2 == pytest.approx(np.pi * 400, rel=0.01)
    assert (spot((65, 65), 10.0, row=30, column=35)[0] - 0.5).sum() * 2 == pytest.approx(np.pi * 100, rel=0.01)
    for orientation in (0, 30, 90, 135):
        assert (0.5 - bar((65, 65), orientation, 6, 30, contrast=-1)[0]).sum() * 2 == pytest.approx(180, rel=0.02)


def test_a_bar_moves_right_where_it_stands_and_down_where_it_lies() -> None:
    standing, lying = bar((33, 33), [90, 0], 3, 9, offset=7) - 0.5
    rows, columns = np.mgrid[:33, :33]
    assert (standing * columns).sum() / standing.sum() == pytest.approx(23, abs=0.01)
    assert (lying * rows).sum() / lying.sum() == pytest.approx(23, abs=0.01)


def test_stripes_finer_than_the_grid_are_refused() -> None:
    with pytest.raises(SettingError, match="two pixels a cycle"):
        grating((8, 8), 0, 0.6)
