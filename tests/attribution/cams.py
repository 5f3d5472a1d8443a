"""What the tests of class activation maps share: activations and gradients at a site by hand, and grad-cam as a peer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from optogram.attribution._attribute import attribute
from optogram.errors import NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.testing.attribution import Small, photographs, small

SITE = "second#1"
IMAGES = photographs()


def at_site(unit: int = 2, count: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """A and dy/dA of the second call of `Small.second`, computed by writing the forward pass out."""
    module = Small().eval().double()
    x = (photographs(count).double() - 0.4) / 0.3
    x = module.cut(torch.relu(module.norm(module.first(module.cut(x)))))
    site = module.second(x).detach().requires_grad_()
    y = torch.relu(module.second(x)) + torch.relu(site - 0.1)
    out = module.head(y.mean((2, 3)))[:, unit]
    return site.detach().numpy(), torch.autograd.grad(out.sum(), site)[0].numpy()


def enlarged(cam: np.ndarray) -> np.ndarray:
    """[batch, rows, columns] at the site, positive part, over the photographs."""
    grid = torch.from_numpy(np.maximum(cam, 0))[:, None]
    return F.interpolate(grid, size=(24, 24), mode="bilinear", align_corners=False)[:, 0].numpy()


def ours(method: str, **settings: Any) -> np.ndarray:
    found = attribute(small(), IMAGES, "head:2", method, site=SITE, progress=False, **settings)
    assert found.site == SITE
    values = np.asarray(found.values)
    assert np.array_equal(values[:, 0], values[:, 2])
    return values[:, 0]


def close(found: np.ndarray, expected: np.ndarray, within: float = 1e-4) -> None:
    assert expected.any()
    assert np.abs(found - expected).max() < within * np.abs(expected).max()


def refuses(method: str) -> None:
    """A site that is no map, one behind the target, a source, a network without maps."""
    with pytest.raises(NotDefinedError, match=f"{method} needs a site with spatial extent; head has one place"):
        attribute(small(), IMAGES, "output:2", method, site="head")
    with pytest.raises(SettingError, match="computed after"):
        attribute(small(), IMAGES, "first:2", method, site=SITE)
    with pytest.raises(SettingError, match="computed after"):  # the target's own site: a unit's map there is the unit itself
        attribute(small(), IMAGES, f"{SITE}:2", method, site=SITE)
    with pytest.raises(NotDefinedError, match="say site='cut'"):
        attribute(small(), IMAGES, "head:2", method, source="cut")
    flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 64, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    with pytest.raises(NotDefinedError, match=f"{method} needs a site with spatial extent before .*Use integrated_gradients or occlusion"):
        attribute(Network(flat, Preprocess(size=8)), photographs(1, 3, 8, 8), "3:1", method)


def peer(name: str, module: torch.nn.Module, layer: torch.nn.Module, images: torch.Tensor, unit: int, **settings: Any) -> np.ndarray:
    """grad-cam's map of one unit, as it is before it is stretched to 0..1 over each photograph."""
    library = pytest.importorskip("pytorch_grad_cam")
    targets = [pytest.importorskip("pytorch_grad_cam.utils.model_targets").ClassifierOutputTarget(unit)] * len(images)
    with getattr(library, name)(model=module, target_layers=[layer]) as method:
        for key, value in settings.items():
            setattr(method, key, value)
        return np.asarray(method(input_tensor=images, targets=targets))


def stretched(maps: np.ndarray) -> np.ndarray:
    """Each map less its least value, over its greatest: what grad-cam does at the end."""
    low = maps - maps.min(axis=(1, 2), keepdims=True)
    return low / (low.max(axis=(1, 2), keepdims=True) + 1e-7)
