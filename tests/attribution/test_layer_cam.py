"""Layer-CAM written out."""

from __future__ import annotations

import numpy as np
from tests.attribution.cams import at_site, close, enlarged, ours, refuses


def test_written_out() -> None:
    a, g = at_site()
    close(ours("layer_cam"), enlarged((a * np.maximum(g, 0)).sum(1)))
    assert np.abs(ours("layer_cam") - enlarged((a * g).sum(1))).max() > 1e-2 * ours("layer_cam").max()


def test_refusals() -> None:
    refuses("layer_cam")
