"""XGrad-CAM written out, and the sum that its axioms ask for."""

from __future__ import annotations

import numpy as np
import torch
from tests.attribution.cams import at_site, close, enlarged, ours, refuses

from optogram.attribution.xgrad_cam import by_activity


def test_written_out() -> None:
    a, g = at_site()
    weights = (a * g).sum((2, 3)) / a.sum((2, 3))
    close(ours("xgrad_cam"), enlarged(np.einsum("bkhw,bk->bhw", a, weights)))


def test_the_map_sums_to_activation_times_gradient() -> None:
    a, g = (torch.from_numpy(part) for part in at_site())
    np.testing.assert_allclose(by_activity(a, g).sum((1, 2, 3)), (a * g).sum((1, 2, 3)), rtol=1e-9)
    assert not by_activity(a * 0, g).any()
    balanced, slopes = torch.tensor([1.0, -1.0]).view(1, 1, 1, 2), torch.tensor([3.0, 0.0]).view(1, 1, 1, 2)
    assert not by_activity(balanced, slopes).any(), "a unit whose activations cancel weighs nothing, whatever its gradient"


def test_refusals() -> None:
    refuses("xgrad_cam")
