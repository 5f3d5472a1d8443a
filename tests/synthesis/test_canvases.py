from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.ndimage
import torch

from optogram.registry import Registry
from optogram.synthesis.ascend import generator
from optogram.synthesis.canvases._canvas import Canvas
from optogram.synthesis.canvases._colour import COLOUR, GRAY, coloured, decorrelated
from optogram.synthesis.canvases._coordinates import CENTRE, SCALE, SPREAD
from optogram.synthesis.canvases._natural import mean_magnitude
from optogram.synthesis.canvases._spectrum import spectrum
from optogram.synthesis.canvases.cppn import cppn
from optogram.synthesis.canvases.fourier import fourier
from optogram.synthesis.canvases.image import image
from optogram.synthesis.canvases.laplacian import laplacian
from optogram.synthesis.canvases.maco import maco
from optogram.synthesis.canvases.patches import patches
from optogram.synthesis.canvases.pixel import pixel
from optogram.synthesis.opacity import background, charged, composite

CANVASES = Registry("optogram.synthesis.canvases", "canvas")
SIZES = [(3, 8, 8), (1, 28, 28), (3, 9, 13), (4, 12, 7)]


def ready(name: str, channels: int, height: int, width: int) -> Canvas:
    """The canvas with its usual settings; with a photograph to begin from, or photographs to be made of, where it needs them."""
    canvas = CANVASES.get(name)()
    if getattr(canvas, "from_photographs", False):
        sample = torch.randint(64, 192, (4, channels, 20, 24), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
        return replace(canvas, sample=(sample,), photographs=4)
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
    assert pictures.shape == (2, channels + bool(getattr(canvas, "alpha", False)), height, width)
    assert pictures.dtype == torch.float32
    last = getattr(canvas, "final", canvas.draw)(start, height, width)
    assert last.shape == pictures.shape
    assert 0 <= last.min() <= last.max() <= 1
    assert (pictures - 0.5).abs().mean() < 0.2  # near gray
    wild = canvas.draw([part * 1e4 for part in start], height, width)
    assert 0 <= wild.min() <= wild.max() <= 1


@pytest.mark.parametrize("name", CANVASES.names())
def test_gradients_are_by_finite_differences(name: str) -> None:
    canvas = ready(name, 3, 6, 7)
    start = [part.double().requires_grad_() for part in canvas.start([generator(0, "a")], 3, 6, 7)]
    weights = torch.randn_like(canvas.draw(start, 6, 7))
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
@pytest.mark.parametrize("name", [name for name in CANVASES.names() if hasattr(CANVASES.get(name), "write")])
def test_a_photograph_written_on_a_canvas_comes_back(name: str, size: tuple[int, int, int]) -> None:
    photographs = torch.rand(2, *size)
    canvas = ready(name, *size)
    picture = canvas.draw(canvas.write(photographs), *size[1:])  # type: ignore[attr-defined]
    assert torch.allclose(picture, photographs if name == "pixel" else photographs.clamp(0.01, 0.99), atol=1e-4)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", [image, pixel])
def test_a_canvas_begins_at_its_photograph(kind: type, size: tuple[int, int, int]) -> None:
    photograph = torch.rand(1, *size) * 0.9 + 0.05
    canvas = kind(began=photograph)
    picture = canvas.draw(canvas.start([generator(0, "a"), generator(0, "b")], *size), *size[1:])
    assert torch.allclose(picture, photograph.expand(2, -1, -1, -1), atol=1e-4)
    assert canvas.size == size[1:]


def test_pixels_about_a_photograph_stay_in_range_and_within_the_radius_of_it() -> None:
    photograph = torch.rand(1, 3, 4, 4)
    canvas = pixel(radius=0.2, began=photograph)
    deviations = torch.randn(2, 3, 4, 4)
    canvas.project([deviations])
    assert (photograph + deviations).min() >= 0
    assert (photograph + deviations).max() <= 1
    assert (deviations.square().mean((1, 2, 3)).sqrt() <= 0.2 + 1e-6).all()


def test_the_pyramid_is_its_formula() -> None:
    """Each level enlarged by SciPy's linear zoom, which counts pixels by their middles and repeats the border, and added to the next."""
    canvas = laplacian(levels=3)
    parameters = canvas.start([generator(0, "a")], 1, 16, 26)
    assert [tuple(part.shape[2:]) for part in parameters] == [(16, 26), (8, 13), (4, 7)]
    planes = parameters[-1][0, 0].numpy()
    for finer in (parameters[1][0, 0].numpy(), parameters[0][0, 0].numpy()):
        factors = (finer.shape[0] / planes.shape[0], finer.shape[1] / planes.shape[1])
        planes = finer + scipy.ndimage.zoom(planes, factors, order=1, mode="nearest", grid_mode=True)
    expected = 1 / (1 + np.exp(-planes * GRAY))
    assert np.abs(canvas.draw(parameters, 16, 26)[0, 0].numpy() - expected).max() < 1e-5


@pytest.mark.parametrize(("height", "width", "levels"), [(1, 1, 1), (7, 30, 1), (8, 8, 2), (128, 128, 6), (28, 28, 3)])
def test_small_pictures_have_fewer_levels(height: int, width: int, levels: int) -> None:
    assert len(laplacian().start([generator(0, "a")], 3, height, width)) == levels


def test_the_network_from_coordinates_is_its_formula_at_every_size() -> None:
    canvas = cppn(width=5, depth=3)
    *layers, offset = canvas.start([generator(0, "a"), generator(0, "b")], 3, 4, 6)
    offset += 0.2
    drawn = canvas.draw([*layers, offset], 4, 6)
    for row, column in ((0, 0), (3, 5), (1, 2)):
        now = np.array([row - 1.5, column - 2.5]) * 2 * 3**0.5 / 6
        for number, layer in enumerate(layers):
            now = np.concatenate([np.arctan(now) / 0.67, (np.arctan(now) ** 2 - 0.45) / 0.396]) if number else now
            now = now @ layer[1].double().numpy()
        assert drawn[1, :, row, column].tolist() == pytest.approx(list(1 / (1 + np.exp(-now - 0.2))), abs=1e-4)
    assert torch.allclose(canvas.draw([*layers, offset], 12, 18)[:, :, 1::3, 1::3], drawn, atol=1e-5)


def test_the_networks_sums_begin_with_mean_0_and_variance_1() -> None:
    z = torch.randn(200_000, generator=generator(0, "z"))
    for bent in (torch.atan(z) / SPREAD, (torch.atan(z).square() - CENTRE) / SCALE):
        assert bent.mean().item() == pytest.approx(0, abs=0.02)
        assert bent.std().item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5])
def test_tiles_leave_no_gap_and_add_up_to_one_whatever_is_chosen(overlap: float) -> None:
    flat = patches(count=3, side=6, overlap=overlap, sample=(torch.full((1, 3, 9, 9), 178, dtype=torch.uint8),))
    for size in ((5, 5), (6, 12), (17, 30)):
        scores = [part * 300 for part in flat.start([generator(0, "a")], 3, *size)]
        for picture in (flat.draw(scores, *size), flat.final(scores, *size)):
            assert torch.allclose(picture, torch.full((1, 3, *size), 178 / 255), atol=1e-5)


def test_a_finished_picture_is_nothing_but_pieces_of_the_photographs() -> None:
    photographs = torch.randint(0, 256, (2, 3, 15, 11), dtype=torch.uint8)
    canvas = patches(count=20, side=5, overlap=0.0, sample=(photographs,))
    picture = canvas.final([torch.randn(1, 6, 20)], 10, 15)[0]
    windows = photographs.float().unfold(2, 5, 1).unfold(3, 5, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 75) / 255
    for top, left in np.ndindex(2, 3):
        piece = picture[:, 5 * top : 5 * top + 5, 5 * left : 5 * left + 5].reshape(-1)
        assert (windows - piece).abs().amax(1).min() < 1e-5


def test_mixtures_become_choices() -> None:
    canvas = ready("patches", 3, 12, 12)
    scores = torch.randn(1, 4, 256)
    before = torch.softmax(scores, 2).amax(2)
    for _ in range(700):
        canvas.project([scores])
    assert (torch.softmax(scores, 2).amax(2) > 0.99).all()
    assert (before < 0.5).all()


def test_opacity_is_the_share_of_the_colour_and_its_price_that_of_the_mean_pixel() -> None:
    picture, ground = torch.rand(2, 4, 3, 5), torch.rand(3, 3, 5)
    for row, y, x in ((0, 0, 0), (1, 2, 4)):
        alpha = picture[row, 3, y, x]
        expected = alpha * picture[row, :3, y, x] + (1 - alpha) * ground[:, y, x]
        assert torch.allclose(composite(picture, ground)[row, :, y, x], expected)
    slope = torch.randn(2, 4, 3, 5) + torch.tensor([2.0, -2.0])[:, None, None, None]
    paid = charged(slope, 0.5)
    assert torch.equal(paid[:, :3], slope[:, :3])
    assert torch.allclose(paid[0, 3], slope[0, 3] - 0.5 * slope[0, 3].mean())
    assert torch.equal(paid[1], slope[1])  # opacity that does not help costs nothing


def test_backgrounds_differ_from_step_to_step_and_are_those_of_the_seed() -> None:
    grounds = [background((0, step), 3, 24, 30) for step in range(64)]
    assert torch.equal(grounds[3], background((0, 3), 3, 24, 30))
    assert all(0 <= ground.min() <= ground.max() <= 1 for ground in grounds)
    assert torch.stack(grounds).mean().item() == pytest.approx(0.5, abs=0.05)
    rough = [(ground[:, 1:] - ground[:, :-1]).abs().mean().item() for ground in grounds]
    assert min(rough) < 1e-6  # one colour
    assert max(rough) > 0.1  # noise


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
