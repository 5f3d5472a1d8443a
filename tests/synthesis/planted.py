"""Units whose best picture is known, canvases ready to draw it, and what the best is that each canvas can draw at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.synthesis.canvases._canvas import Canvas
from optogram.synthesis.canvases._colour import COLOUR, GRAY
from optogram.synthesis.canvases.cppn_alpha import cppn_alpha
from optogram.synthesis.canvases.maco import maco
from optogram.synthesis.canvases.patches import patches
from optogram.synthesis.recipe import CANVASES
from optogram.zoo._planted import Planted, planted
from optogram.zoo._templates_module import TemplatesModule

LINEAR = ("wave", "quarter", "oblique", "spot", "checker", "opponent")
TRUTH: dict[int, Planted] = {channels: planted(channels) for channels in (3, 1)}  # type: ignore[arg-type]
ANY_OF = ("wave", "oblique", "checker")
"""Balanced templates of equal length: three things drive the unit `any_of` of `either()` alike."""
RAMP = np.repeat(np.linspace(108, 148, 12).round().astype(np.uint8)[:, None], 12, 1)
"""A photograph with nothing planted in it."""


def likeness(picture: np.ndarray, template: np.ndarray) -> float:
    return float(np.corrcoef(picture.ravel(), template.ravel())[0, 1])


def in_plane(picture: np.ndarray, pair: np.ndarray) -> float:
    """How alike a picture is to stripes of the quadrature pair in the phase that suits it best."""
    return float(np.hypot(*[likeness(picture, template) for template in pair]))


def striped(gained: np.ndarray) -> bool:
    """Whether a picture's strongest frequency is that of `wave`: three cycles across, none down."""
    power = np.abs(np.fft.fft2(gained.mean(0)))
    power[0, 0] = 0
    row, column = np.unravel_index(power.argmax(), power.shape)
    return (int(row), int(min(column, 12 - column))) == (0, 3)


def photographed(pattern: np.ndarray, contrast: float = 300) -> np.ndarray:
    """A pattern as 8-bit pixels about gray; the same contrast for all patterns of length 1."""
    return np.asarray(np.clip(127.5 + contrast * pattern, 0, 255).round().astype(np.uint8))


def photograph(channels: int) -> np.ndarray:
    """[height, width, channel]."""
    return np.repeat(RAMP[..., None], channels, 2)


def either(channels: int) -> tuple[Network, np.ndarray]:
    """A network with a unit that any one of three templates drives, and these templates."""
    templates = np.stack([TRUTH[channels].truth[name] for name in ANY_OF])
    module = TemplatesModule(templates, np.zeros(3), pair=(0, 1), any_of=(0, 1, 2), classes=(0, 1, 2))
    return Network(module, Preprocess(size=12)), templates


def turned(template: np.ndarray) -> np.ndarray:
    """The same magnitudes, other phases."""
    return np.roll(template[:, ::-1, ::-1], (3, 5), (1, 2))


def shots_of(channels: int) -> np.ndarray:
    """Photographs of the templates, of stripes in four phases, and of noise."""
    truth = TRUTH[channels].truth
    noise = np.random.default_rng(0).normal(0, 0.05, (16, channels, 12, 12))
    stripes = [0.9 * (np.cos(turn) * truth["wave"] + np.sin(turn) * truth["quarter"]) for turn in (0.9, 2.0, 3.5, 5.1)]
    return np.stack([photographed(pattern) for pattern in (*(truth[name] for name in LINEAR), *stripes, *noise)])


def canvas_of(name: str, channels: int, shown: Sequence[str] = LINEAR) -> Canvas:
    """The canvas with its usual settings and what it has to be given; opacity free of charge.

    `maco` has the mean magnitudes of the templates shown, turned, faint enough for the sigmoid to be straight.
    """
    if name == "cppn_alpha":
        return cppn_alpha(price=0.0)
    if name == "maco":
        faint = [photographed(turned(TRUTH[channels].truth[one]), 60) for one in shown]
        return maco(photographs=len(faint), sample=(torch.from_numpy(np.stack(faint)),))
    if name == "patches":
        shots = shots_of(channels)
        return patches(count=len(shots), side=12, overlap=0.0, photographs=len(shots), sample=(torch.from_numpy(shots),))
    found: Canvas = CANVASES.get(name)()
    return found


def given(name: str, channels: int) -> dict[str, Any]:
    return {"image": photograph(channels)} if name == "image" else {}


def origin(name: str, channels: int) -> np.ndarray | float:
    """Where the canvas begins."""
    return photograph(channels).transpose(2, 0, 1) / 255 if name == "image" else 0.5


def with_phases_of(template: np.ndarray, canvas: maco) -> np.ndarray:
    """The picture of the canvas's magnitudes that a linear unit likes best, near gray: at each frequency and colour the phase of the template."""
    channels = len(template)
    colour = np.array(COLOUR).T if channels == 3 else np.array([[GRAY]])
    wanted = np.fft.rfft2(np.einsum("cp,chw->phw", colour, template), norm="ortho")
    planes = np.fft.irfft2(canvas.magnitude(channels, 12, 12).numpy() * np.exp(1j * np.angle(wanted)), s=(12, 12), norm="ortho")
    return np.asarray(1 / (1 + np.exp(-np.einsum("cp,phw->chw", colour, planes))))


def best_of(name: str, canvas: Canvas, channels: int) -> Callable[[np.ndarray], np.ndarray]:
    """From a template to the nearest that a canvas can draw, found without it: free canvases the template itself."""
    if isinstance(canvas, maco):
        return lambda template: with_phases_of(template, canvas)
    if name == "patches":
        shots = shots_of(channels) / 255
        return lambda template: np.asarray(shots[(shots * template).sum((1, 2, 3)).argmax()])
    return lambda template: template


def clipped_energy(pair: np.ndarray, gained: np.ndarray, low: np.ndarray | float, high: np.ndarray | float) -> np.ndarray:
    """argmax (w x)^2 + (q x)^2 - |x|^2 / 2 over low <= x <= high in the phase of a picture: x = clip(2 (w x) w + 2 (q x) q) until it rests."""
    x = gained
    for _ in range(200):
        x = np.clip(2 * sum((template * x).sum() * template for template in pair), low, high)
    return np.asarray(x)
