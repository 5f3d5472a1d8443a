"""Each recipe's numbers beside those of its paper, and DeepDream's published loop."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from optogram.errors import SettingError
from optogram.synthesis.ascend import REDIRECTED
from optogram.synthesis.canvases._colour import coloured
from optogram.synthesis.canvases.maco import maco as phases
from optogram.synthesis.canvases.pixel import pixel
from optogram.synthesis.octaves import sizes
from optogram.synthesis.optimisers import Adam, Ascent, Constant, Even, Nadam, Progress
from optogram.synthesis.preset import Preset
from optogram.synthesis.recipe import PRESETS
from optogram.synthesis.regularisers.blur import blur
from optogram.synthesis.regularisers.decay import decay
from optogram.synthesis.regularisers.l2 import l2
from optogram.synthesis.regularisers.small_contribution import small_contribution
from optogram.synthesis.regularisers.small_norm import small_norm
from optogram.synthesis.regularisers.total_variation import total_variation
from optogram.synthesis.synthesize import synthesize
from optogram.synthesis.transforms.crop import crop
from optogram.synthesis.transforms.jitter import jitter
from optogram.synthesis.transforms.noise import noise
from optogram.synthesis.transforms.pad import pad
from optogram.synthesis.transforms.rotate import rotate
from optogram.synthesis.transforms.scale import scale
from optogram.zoo._planted import planted

VIEWS = (jitter(8), scale(0.9, 1.1), rotate(10.0), jitter(4))
SCALED = Constant(100 / 255**2)
TABLE: dict[str, dict[str, Any]] = {
    "erhan": {"steps": 256, "optimiser": Ascent(0.01), "transforms": (), "regularisers": ()},
    "yosinski_1": {"steps": 500, "optimiser": Progress(2.0), "transforms": (), "regularisers": (blur(0.5, 4), small_norm(50))},
    "yosinski_2": {"steps": 750, "optimiser": SCALED, "transforms": (), "regularisers": (decay(0.3), small_norm(20))},
    "yosinski_3": {"steps": 1000, "optimiser": SCALED, "transforms": (), "regularisers": (decay(1e-4), blur(1.0, 4))},
    "yosinski_4": {"steps": 1000, "optimiser": Progress(2.0), "transforms": (), "regularisers": (blur(0.5, 4), small_contribution(90))},
    "lucid": {"steps": 512, "optimiser": Adam(0.05), "transforms": (pad(12), *VIEWS), "regularisers": ()},
    "maco": {"steps": 256, "optimiser": Nadam(1.0), "transforms": (crop(0.5, 0.05), noise(0.04)), "views": 32},
    "accentuation": {"steps": 100, "optimiser": Adam(0.05), "transforms": VIEWS, "views": 16, "regularisers": (l2(1e-4),)},
    "vit": {"steps": 400, "optimiser": Adam(0.1, (0.5, 0.99), cosine=400), "regularisers": (total_variation(5e-4, 2),)},
    "deepdream": {"steps": 40, "optimiser": Even(1.5 / 255), "octaves": 4, "ratio": 1.4, "objective": "site", "regularisers": ()},
}


@pytest.mark.parametrize("name", PRESETS.names())
def test_the_numbers_of_the_papers(name: str) -> None:
    recipe: Preset = PRESETS.get(name)
    found = {each: getattr(recipe, each) for each in TABLE[name]}
    found["optimiser"] = recipe.optimiser or recipe.canvas.optimiser
    assert found == TABLE[name]
    if name.startswith("yosinski"):
        assert recipe.objective == "neuron"


def test_the_numbers_of_lucids_canvas() -> None:
    """SCIENCE: coefficients N(0, .01), 1 / f, a quarter of it; the colour matrix by rows; rectifiers let through for 16 steps; MaCo's spectrum."""
    canvas = PRESETS.get("lucid").canvas
    assert (canvas.name, canvas.deviation, canvas.decay, canvas.rate) == ("fourier", 0.01, 1.0, 0.05)
    rows = [[0.56282854, 0.5844758, 0.5844758], [0.19482528, 0, -0.19482528], [0.0432945, -0.10823626, 0.06494176]]
    assert np.allclose(coloured(torch.eye(3)[:, :, None, None])[:, :, 0, 0], rows, atol=1e-6)
    assert REDIRECTED == 16
    assert PRESETS.get("maco").canvas.name == "maco"
    assert PRESETS.get("accentuation").canvas.name == "image"
    assert {PRESETS.get(name).canvas.name for name in ("erhan", "yosinski_1", "yosinski_2", "yosinski_3", "yosinski_4", "vit", "deepdream")} == {
        "pixel"
    }


def test_the_sizes_of_octaves() -> None:
    assert sizes((64, 90), 4, 1.4) == [(23, 33), (33, 46), (46, 64), (64, 90)]
    assert sizes((12, 12), 1, 1.4) == [(12, 12)]


def published(module: torch.nn.Module, layer: str, score: Callable[[torch.Tensor], torch.Tensor], photograph: torch.Tensor) -> torch.Tensor:
    """The loop published with DeepDream, on pixels of 0 to 1 and without shifts: squares, octaves of 1.4, steps of 1.5 / 255 on average."""
    sides = [round(photograph.shape[2] / 1.4**down) for down in (3, 2, 1, 0)]
    bases = [F.interpolate(photograph, (side, side), mode="bilinear", antialias=True).clamp(0, 1) for side in sides]
    seen: list[torch.Tensor] = []
    handle = module.get_submodule(layer).register_forward_hook(lambda *passed: seen.append(passed[2]))
    detail = torch.zeros_like(bases[0])
    for base in bases:
        detail = F.interpolate(detail, base.shape[2:], mode="bilinear", antialias=True)
        x = (base + detail).clamp(0, 1)
        for _ in range(10):
            x.requires_grad_()
            module(x)
            (gradient,) = torch.autograd.grad(score(seen.pop()), x)
            x = (x.detach() + 1.5 / 255 * gradient / gradient.abs().mean()).clamp(0, 1)
        detail = x - base
    handle.remove()
    return x[0]


@pytest.mark.parametrize(
    ("asked", "objective", "score"),
    [
        ("templates", None, lambda y: y.square().sum()),
        ("rectified", None, lambda y: y.square().sum()),
        ("energy", None, lambda y: y.square().sum()),
        ("any_of", None, lambda y: y.square().sum()),
        ("templates:3", None, lambda y: y[:, 3].square().sum()),
        ("templates:0", None, lambda y: y[:, 0].square().sum()),
        ("templates:2", "negative", lambda y: -y[:, 2].sum()),
    ],
)
def test_deepdream_is_the_published_loop_on_every_planted_unit(
    asked: str, objective: str | None, score: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    net = planted(3).network
    photograph = np.random.default_rng(0).integers(64, 192, (32, 32, 3), dtype=np.uint8)
    settings = {"preset": "deepdream", "image": photograph, "transforms": (), "progress": False, "frames": 8, "caring": True}
    made = synthesize(net, asked, objective=objective, **settings)  # type: ignore[arg-type]
    pixels = torch.from_numpy(photograph).permute(2, 0, 1)[None] / 255
    assert np.abs(made.image(0) - published(net.module, asked.partition(":")[0], score, pixels).numpy()).max() < 1e-3
    assert made.trace.shape == (1, 40)
    assert [frame.shape[1] for frame in made.frames[0]] == [12, 12, 16, 16, 23, 23, 32, 32]
    assert made.caring is not None
    assert made.caring.shape == (1, 32, 32)


def test_deepdream_takes_a_site_a_unit_of_it_and_no_photograph() -> None:
    net = planted(1).network
    made = synthesize(net, ["rectified", "rectified:0"], preset="deepdream", progress=False)
    assert made.units == ("rectified", "rectified:0 squared")
    assert (made.trace[:, -1] > 1.5 * made.trace[:, 0]).all()
    neuron = synthesize(net, "templates:0@4,4", preset="deepdream", objective="neuron", progress=False)
    assert neuron.sizes.tolist() == [[12, 12]]  # a neuron's field has one size
    assert neuron.trace.shape == (1, 40)


def test_an_even_step_moves_parameters_by_the_rate_on_average() -> None:
    moving, gradient = [torch.zeros(2, 3, 4), torch.zeros(2, 5)], [torch.randn(2, 3, 4), torch.randn(2, 5)]
    gradient = [part * torch.tensor([1.0, 0.0]).view(2, *[1] * (part.ndim - 1)) for part in gradient]
    Even(0.25).begin(moving).step(moving, gradient, torch.tensor([1.0, 0.0]))
    assert torch.cat([part[0].flatten() for part in moving]).abs().mean().item() == pytest.approx(0.25)
    assert all((part[1] == 0).all() for part in moving)
    assert torch.equal(torch.sign(moving[0][0]), torch.sign(gradient[0][0]))


def test_octaves_that_cannot_be_are_said() -> None:
    net = planted(1).network
    with pytest.raises(SettingError, match='the canvas "maco" cannot; use pixel'):
        synthesize(net, "templates", canvas=phases(), preset="deepdream", progress=False)
    with pytest.raises(SettingError, match="a step for each"):
        synthesize(net, "templates", preset="deepdream", steps=3, progress=False)
    with pytest.raises(SettingError, match="ratio of at least 1"):
        synthesize(net, "templates", preset=Preset(pixel(), (), octaves=2, ratio=math.pi / 4), progress=False)
