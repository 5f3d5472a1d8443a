"""The planted network keeps its promises: each unit against a closed form or a plain loop, never against itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from optogram.registry import Registry
from optogram.zoo._planted import ANY_OF, IMAGE, Planted, box_optimum, planted
from optogram.zoo._templates_module import SIDE, checker, wave

CHANNELS = (3, 1)


@pytest.fixture(scope="module", params=CHANNELS, ids=["rgb", "gray"])
def known(request: pytest.FixtureRequest) -> Planted:
    return planted(request.param)


def respond(known: Planted, name: str, images: np.ndarray) -> np.ndarray:
    """One unit's map, through the network's public face."""
    address = known.addresses[name]
    with known.network.tap(address) as taps:
        known.network.run(torch.from_numpy(images).float(), frame="input")
    return taps[address].numpy()


def noise(known: Planted, count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).random((count, known.network.channels, IMAGE, IMAGE))


def gratings(known: Planted, across: int, down: int, phases: np.ndarray) -> np.ndarray:
    row, column = np.mgrid[:IMAGE, :IMAGE] * (2 * np.pi / SIDE)
    lines = 0.5 + 0.5 * np.cos(across * column + down * row + phases[:, None, None])
    return np.repeat(lines[:, None], known.network.channels, axis=1)


def by_hand(image: np.ndarray, template: np.ndarray, bias: float) -> np.ndarray:
    """The slow way: a loop over places."""
    places = image.shape[1] - SIDE + 1
    return np.array([[(image[:, r : r + SIDE, c : c + SIDE] * template).sum() + bias for c in range(places)] for r in range(places)])


def test_registered_by_name():
    registry = Registry("optogram.zoo", "network of the zoo")
    assert {"templates", "templates_gray", "photonet"} <= set(registry.names())
    assert registry.get("templates").__call__().channels == 3
    assert registry.get("templates-gray").__call__().channels == 1


def test_linear_units_are_their_templates(known):
    image = noise(known, 1)
    for name, template in known.truth.items():
        if template.ndim == 3:
            np.testing.assert_allclose(respond(known, name, image)[0], by_hand(image[0], template, known.biases[name]), atol=2e-5)


def test_templates_have_length_one(known):
    for name, template in known.truth.items():
        if name not in ("constant", "energy", "any_of"):
            assert np.isclose((template**2).sum(), 1), name


def test_optimum_of_a_linear_unit_is_its_template(known):
    """Cauchy-Schwarz: of all patches as long as the template none drives it more; and the gradient is the template."""
    place = (IMAGE - SIDE) // 2
    for name in ("wave", "oblique", "spot", "checker", "opponent"):
        images = torch.zeros(1, known.network.channels, IMAGE, IMAGE, requires_grad=True)
        with known.network.tap(known.addresses[name]) as taps:
            known.network.run(images, frame="input")
        (gradient,) = torch.autograd.grad(taps[known.addresses[name]][0, place, place], images)
        patch = gradient[0, :, place : place + SIDE, place : place + SIDE].numpy()
        np.testing.assert_allclose(patch, known.truth[name], atol=1e-7)
        assert np.count_nonzero(gradient) == np.count_nonzero(patch)


def test_box_optimum_is_reached_and_not_exceeded(known):
    place = (IMAGE - SIDE) // 2
    random = np.random.default_rng(1)
    for name in ("wave", "opponent", "dead", "constant"):
        patch, value = box_optimum(known.truth[name], known.biases[name])
        image = np.full((1, known.network.channels, IMAGE, IMAGE), 0.5)
        image[0, :, place : place + SIDE, place : place + SIDE] = patch
        assert np.isclose(respond(known, name, image)[0, place, place], value, atol=1e-5)
        others = (random.random((500, *patch.shape)) > 0.5).astype(float)
        assert ((others * known.truth[name]).sum(axis=(1, 2, 3)) + known.biases[name] <= value + 1e-9).all()


def test_negative_and_double(known):
    image = noise(known)
    np.testing.assert_allclose(respond(known, "negative", image), -respond(known, "wave", image), atol=1e-6)
    np.testing.assert_array_equal(respond(known, "double", image), respond(known, "oblique", image))


def test_waves_are_balanced_and_a_quadrature_pair():
    for across, down in ((3, 0), (2, 2), (0, 4)):
        even, odd = wave(across, down), wave(across, down, np.pi / 2)
        assert abs(even.sum()) < 1e-12
        assert abs((even * odd).sum()) < 1e-12
        assert np.isclose((even**2).sum(), (odd**2).sum())
    assert checker(2).sum() == 0


def test_energy_does_not_depend_on_phase_and_the_simple_unit_does(known):
    stripes = gratings(known, 3, 0, np.linspace(0, 2 * np.pi, 16, endpoint=False))
    energy, simple = (respond(known, name, stripes)[:, 10, 10] for name in ("energy", "wave"))
    np.testing.assert_allclose(energy, energy.mean(), rtol=1e-5)
    assert energy.mean() > 1
    np.testing.assert_allclose(np.ptp(simple), 2 * np.sqrt(energy.mean()), rtol=1e-5)


def test_energy_prefers_its_own_orientation(known):
    phase = np.zeros(1)
    own, crossed = (respond(known, "energy", gratings(known, *wave, phase)).mean() for wave in ((3, 0), (0, 3)))
    assert crossed < 1e-9 < own


def test_any_of_is_driven_by_each_of_its_templates(known):
    image = noise(known)
    each = np.stack([respond(known, name, image) for name in ANY_OF])
    np.testing.assert_allclose(respond(known, "any_of", image), np.maximum(each.max(axis=0), 0), atol=1e-6)
    place = (IMAGE - SIDE) // 2
    for name in ANY_OF:
        alone = np.zeros((1, known.network.channels, IMAGE, IMAGE))
        alone[0, :, place : place + SIDE, place : place + SIDE] = known.truth[name]
        assert np.isclose(respond(known, "any_of", alone)[0, place, place], 1, atol=1e-6)


def test_dead_and_constant(known):
    extremes = np.concatenate([noise(known), np.zeros((1, known.network.channels, IMAGE, IMAGE)), np.ones((1, known.network.channels, IMAGE, IMAGE))])
    assert respond(known, "dead", extremes).max() <= -1
    assert (respond(known, "constant", extremes) == 0.5).all()
    assert respond(known, "dead", extremes).max() == -1.0
    assert np.ptp(respond(known, "dead", extremes)) > 1


def test_classes_average_the_unit_of_their_name(known):
    image = noise(known)
    logits = known.network.run(torch.from_numpy(image).float()).numpy()
    for index, name in enumerate(known.network.labels):
        expected = np.maximum(respond(known, name, image), 0).mean(axis=(1, 2))
        np.testing.assert_allclose(logits[:, index], expected, rtol=1e-4, atol=1e-6)
        assert known.network.unit(f"head:{name}").index == index
