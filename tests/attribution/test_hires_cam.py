"""HiRes-CAM written out, and that it is not Grad-CAM."""

from __future__ import annotations

import numpy as np
from tests.attribution.cams import at_site, close, enlarged, ours, refuses


def test_written_out() -> None:
    a, g = at_site()
    close(ours("hires_cam"), enlarged((a * g).sum(1)))


def test_differs_from_grad_cam() -> None:
    assert np.abs(ours("hires_cam") - ours("grad_cam")).max() > 1e-2 * np.abs(ours("grad_cam")).max()


def test_refusals() -> None:
    refuses("hires_cam")
