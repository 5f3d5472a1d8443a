from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from optogram.registry import Registry
from optogram.synthesis.ascend import generator
from optogram.synthesis.canvases._canvas import Canvas
from optogram.synthesis.canvases._natural import decorrelated, mean_magnitude
from optogram.synthesis.canvases.fourier import COLOUR, coloured, fourier, spectrum
from optogram.synthesis.canvases.image import image
from optogram.synthesis.canvases.maco import maco
from optogram.synthesis.canvases.pixel import pixel

CANVASES = Registry("optogram.synthesis.canvases", "canvas")
SIZES = [(3, 8, 8), (1, 28, 28), (3, 9, 13), (4, 12, 7)]


def ready(name: str, channels: int, height: int, width: int) -> Canvas:
    """The canvas with its usual settings; with a photograph to begin from where it needs one."""
    canvas = CANVASES.get(name)()
    if not getattr(canvas, "from_photograph", False):
        return canvas
    photograph = torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(0)) * 0.6 + 0.2
    return replace(canvas, began=photograph)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CANVASES.names())
def test_pictures_are_in_range_whatever_the_parameters(name: str, size: tuple[int, int, int]) -> None:
    channels, height, width = size
    canvas = ready(name, *size)
    start = canvas.start([generator(0, "a"), generator(0, "b")], channels, height, width)
    pictures = canvas.draw(start, height, width)
    assert pictures.shape == (2, channels, height, width)
    assert pictures.dtype == torch.float32
    assert (pictures - 0.5).abs().mean() < 0.2  # near gray
    wild = canvas.draw([part * 1e4 for part in start], height, width)
    assert 0 <= wild.min() <= wild.max() <= 1


@pytest.mark.parametrize("name", CANVASES.names())
def test_gradients_are_by_finite_differences(name: str) -> None:
    canvas = ready(name, 3, 6, 7)
    start = [part.double().requires_grad_() for part in canvas.start([generator(0, "a")], 3, 6, 7)]
    weights = torch.randn(1, 3, 6, 7, dtype=torch.float64)
    gradients = torch.autograd.grad((canvas.draw(start, 6, 7) * weights).sum(), start)
    for part, (parameters, gradient) in enumerate(zip(start, gradients, strict=True)):
        for place in range(0, parameters.numel(), max(1, parameters.numel() // 12)):
            ends = []
            for sign in (1e-4, -1e-4):
                moved = [each.detach().clone() for each in start]
                moved[part].view(-1)[place] += sign
                ends.append((canvas.draw(moved, 6, 7) * weights).sum())
            assert gradient.view(-1)[place].item() == pytest.approx((ends[0] - ends[1]).item() / 2e-4, abs=1e-6)


@pytest.mark.parametrize("name", CANVASES.names())
def test_a_row_starts_the_same_whatever_its_neighbours(name: str) -> None:
    canvas = ready(name, 3, 8, 8)
    alone = canvas.start([generator(3, "b")], 3, 8, 8)
    among = canvas.start([generator(3, "a"), generator(3, "b"), generator(3, "c")], 3, 8, 8)
    assert all(torch.equal(one[0], many[1]) for one, many in zip(alone, among, strict=True))
    assert torch.equal(among[0][0], among[0][1]) == getattr(canvas, "from_photograph", False)


def test_the_fourier_canvas_is_its_formula() -> None:
    """Written out with sums of cosines and sines, one pixel at a time."""
    height, width = 6, 5
    (z,) = fourier().start([generator(1, "x")], 3, height, width)
    z = z * 100
    half = z[0, ..., 0].numpy() + 1j * z[0, ..., 1].numpy()
    planes = np.zeros((3, height, width))
    for k in range(height):
        for column in range(width // 2 + 1):
            frequency = np.hypot(min(k, height - k) / height, column / width)
            scaled = half[:, k, column] / max(frequency, 1 / max(height, width)) / 4
            rows, columns = np.mgrid[:height, :width]
            wave = np.exp(2j * np.pi * (k * rows / height + column * columns / width)) / np.sqrt(height * width)
            twice = 1 if column == 0 or 2 * column == width else 2
            planes += twice * (scaled[:, None, None] * wave).real
    expected = 1 / (1 + np.exp(-np.einsum("dc,dhw->chw", np.array(COLOUR), planes)))
    assert np.abs(fourier().draw([z], height, width)[0].numpy() - expected).max() < 1e-5


def test_gray_is_the_luminance_axis_alone() -> None:
    plane = torch.randn(1, 1, 4, 4)
    colours = coloured(torch.cat([plane, torch.zeros(1, 2, 4, 4)], 1))
    assert torch.allclose(coloured(plane)[0, 0], colours[0].mean(0), atol=1e-6)


def test_the_weight_of_the_mean_is_bounded() -> None:
    weights = spectrum(16, 12)
    assert weights[0, 0, 0].item() == pytest.approx(16 / 4)
    assert weights[8, 6, 0].item() == pytest.approx(1 / np.hypot(0.5, 0.5) / 4)


def test_pixels_are_brought_back_to_the_radius_row_by_row() -> None:
    canvas = pixel(radius=0.1)
    deviations = torch.stack([torch.full((3, 4, 4), 0.5), torch.full((3, 4, 4), -0.02)])
    canvas.project([deviations])
    assert deviations[0].square().mean().sqrt().item() == pytest.approx(0.1)
    assert deviations[1].square().mean().sqrt().item() == pytest.approx(0.02)


@pytest.mark.parametrize("size", SIZES)
def test_a_photograph_comes_back_from_the_image_canvas(size: tuple[int, int, int]) -> None:
    photograph = torch.rand(1, *size)
    canvas = image(began=photograph)
    picture = canvas.draw(canvas.start([generator(0, "a"), generator(0, "b")], *size), *size[1:])
    assert torch.allclose(picture, photograph.clamp(0.01, 0.99).expand(2, -1, -1, -1), atol=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_one_photographs_magnitude_and_its_phases_are_the_photograph(size: tuple[int, int, int]) -> None:
    photograph = torch.randint(8, 248, (1, *size), dtype=torch.uint8)
    canvas = maco(photographs=1, sample=(photograph,))
    picture = canvas.draw(canvas.phases(photograph / 255), *size[1:])
    assert torch.allclose(picture, photograph / 255, atol=1e-3)


def test_whatever_the_phases_the_magnitude_is_the_mean_of_the_photographs() -> None:
    photographs = torch.randint(30, 226, (5, 3, 12, 10), dtype=torch.uint8)
    canvas = maco(photographs=5, sample=(photographs[:2], photographs[2:]))
    (phases,) = canvas.start([generator(0, "a")], 3, 12, 10)
    phases[..., 0] = 0.7  # columns without a mirror of their own carry no free phase: their picture is real for symmetric phases only
    phases[..., -1] = 0.7
    inner = torch.fft.rfft2(decorrelated(canvas.draw([phases], 12, 10).double()), norm="ortho").abs()[0, :, :, 1:-1]
    planes = torch.logit(photographs.double() / 255)
    colours = torch.einsum("pc,nchw->nphw", torch.linalg.inv(torch.tensor(COLOUR, dtype=torch.float64).T), planes)
    expected = torch.fft.rfft2(colours, norm="ortho").abs().mean(0)[:, :, 1:-1]
    clear = (canvas.draw([phases], 12, 10) > 0.011).all() and (canvas.draw([phases], 12, 10) < 0.989).all()
    assert clear
    assert torch.allclose(inner, expected, rtol=1e-3, atol=1e-4)


def test_larger_photographs_are_cut_and_smaller_ones_enlarged() -> None:
    large = torch.randint(8, 248, (2, 3, 20, 31), dtype=torch.uint8)
    assert torch.allclose(mean_magnitude((large,), 8, 9), mean_magnitude((large[:, :, 6:14, 11:20].contiguous(),), 8, 9), atol=1e-5)
    flat = torch.full((1, 1, 5, 5), 200, dtype=torch.uint8)
    spread = mean_magnitude((flat,), 12, 8)
    assert spread[0, 0, 0] > 1
    assert spread.sum() == pytest.approx(float(spread[0, 0, 0]), abs=1e-3)


def test_without_photographs_the_magnitude_falls_as_one_over_frequency_and_pictures_have_unit_contrast() -> None:
    magnitude = maco().magnitude(3, 32, 32)
    assert magnitude[0, 0, 0] == 0
    assert float(magnitude[1, 0, 4] / magnitude[1, 0, 8]) == pytest.approx(2)
    planes = decorrelated(maco().draw(maco().start([generator(2, "a")], 3, 32, 32), 32, 32))
    assert planes.square().mean().sqrt().item() == pytest.approx(1, abs=0.1)
