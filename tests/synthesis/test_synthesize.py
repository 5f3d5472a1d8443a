from __future__ import annotations

import numpy as np
import pytest

from optogram.errors import AddressError, SettingError
from optogram.network.network import Network
from optogram.synthesis.objectives.neuron import neuron
from optogram.synthesis.objectives.unit import unit
from optogram.synthesis.result import Synthesis
from optogram.synthesis.synthesize import synthesize
from optogram.zoo._planted import Planted, box_optimum, planted

LINEAR = ("wave", "quarter", "negative", "oblique", "spot", "checker", "opponent")


@pytest.fixture(scope="module", params=[3, 1], ids=["colour", "gray"])
def truth(request: pytest.FixtureRequest) -> Planted:
    return planted(request.param)


def run(net: Network, units: object, **settings: object) -> Synthesis:
    return synthesize(net, units, **{"steps": 64, "progress": False, **settings})  # type: ignore[arg-type]


def likeness(picture: np.ndarray, template: np.ndarray) -> float:
    return float(np.corrcoef(picture.ravel(), template.ravel())[0, 1])


def test_a_linear_neuron_gives_its_template_on_pixels(truth: Planted) -> None:
    made = run(truth.network, [truth.addresses[name] for name in LINEAR], canvas="pixel", objective="neuron")
    assert made.images.shape[2:] == (12, 12)  # the receptive field
    for index, name in enumerate(LINEAR):
        assert likeness(made.image(index), truth.truth[name]) > 0.99, name
        closed = 0.5 * truth.truth[name].sum() + 0.125 * np.sqrt(truth.truth[name].size)  # <w, 1/2> + radius |w| sqrt(n)
        assert made.activations[index] == pytest.approx(closed, rel=0.01), name
    assert set(made.verdict) == {"converged"}


def test_the_lowered_picture_of_a_linear_neuron_is_minus_its_template(truth: Planted) -> None:
    made = run(truth.network, [truth.addresses["oblique"], truth.addresses["wave"]], canvas="pixel", objective=lambda one: -neuron(one))
    assert likeness(made.image(0), -truth.truth["oblique"]) > 0.99
    assert likeness(made.image(1), -truth.truth["wave"]) > 0.99
    assert made.activations[0] == pytest.approx(0.5 * truth.truth["oblique"].sum() - 0.125 * np.sqrt(truth.truth["oblique"].size), abs=0.02)


def test_the_fourier_canvas_comes_near_the_greatest_response_that_pixels_in_range_can_give(truth: Planted) -> None:
    made = run(truth.network, [truth.addresses[name] for name in LINEAR], objective="neuron", transforms=(), steps=256)
    for index, name in enumerate(LINEAR):
        best, most = box_optimum(truth.truth[name])
        start = 0.5 * truth.truth[name].sum()
        assert made.activations[index] - start > 0.7 * (most - start), name
        clear = np.abs(truth.truth[name]) > 0.25 * np.abs(truth.truth[name]).max()
        assert np.mean((made.image(index) > 0.5)[clear] == (best > 0.5)[clear]) > 0.9, name


def test_an_energy_unit_gives_its_stripes_in_any_phase(truth: Planted) -> None:
    phases = []
    for seed in range(4):
        made = run(truth.network, truth.addresses["energy"], canvas="pixel", objective="neuron", seed=seed)
        sine = [likeness(made.image(0), template) for template in truth.truth["energy"]]
        assert np.hypot(*sine) > 0.97
        phases.append(np.arctan2(*sine))
    assert np.ptp(np.unwrap(phases)) > 0.1


def test_dead_and_constant_units_are_named_not_drawn_in_silence(truth: Planted) -> None:
    dead, constant = truth.addresses["dead"].replace("templates", "rectified"), truth.addresses["constant"]
    made = run(truth.network, [dead, constant, truth.addresses["spot"]])
    assert made.verdict[:2] == ("dead start", "no gradient")
    assert made.activations[:2].tolist() == [0.0, 0.5]
    assert "dead start" in str(made)


def test_sites_are_mixed_and_the_order_is_kept(truth: Planted) -> None:
    asked = ["head:1", truth.addresses["spot"], "templates:3@4,5", "energy:0", "templates:0-1"]
    made = run(truth.network, asked, steps=2)
    assert made.units == ("head:1", truth.addresses["spot"], "templates:3@4,5", "energy:0", "templates:0", "templates:1")
    assert made.sizes.tolist() == [[32, 32], [32, 32], [12, 12], [32, 32], [32, 32], [32, 32]]
    assert made.images.shape == (6, truth.network.channels, 32, 32)
    assert made.images.dtype == np.float32
    assert made.trace.shape == (6, 2)


def test_the_same_seed_gives_the_same_picture_and_another_seed_another(truth: Planted) -> None:
    first, again, other = (run(truth.network, "energy:0", steps=32, seed=seed).images for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert likeness(first, other) < 0.99


@pytest.mark.parametrize("canvas", ["fourier", "pixel"])
def test_a_batch_gives_what_each_unit_gives_alone(truth: Planted, canvas: str) -> None:
    asked = [truth.addresses["wave"], truth.addresses["spot"], truth.addresses["opponent"]]
    together = run(truth.network, asked, canvas=canvas, steps=48)
    reverse = run(truth.network, asked[::-1], canvas=canvas, steps=48, batch_size=2)
    for index, address in enumerate(asked):
        alone = run(truth.network, address, canvas=canvas, steps=48)
        assert np.abs(together.images[index] - alone.images[0]).max() < 2e-3
        assert np.abs(reverse.images[2 - index] - alone.images[0]).max() < 2e-3


def test_a_class_is_reached_by_its_label(truth: Planted) -> None:
    made = run(truth.network, "head:spot", objective="logit", steps=32)
    assert made.units == ("head:2",)
    assert made.trace[0, -8:].mean() > made.trace[0, :2].mean()
    with pytest.raises(AddressError, match="21x21 places"):
        run(truth.network, "templates:2", objective="logit")


def test_memory_shrinks_the_batch_and_changes_nothing(truth: Planted) -> None:
    asked = ["templates:0-5"]
    assert np.abs(run(truth.network, asked, steps=8).images - run(truth.network, asked, steps=8, max_memory=1).images).max() < 1e-3


def test_an_explicit_canvas_wins_over_the_preset(truth: Planted) -> None:
    made = run(truth.network, "templates:0", canvas="pixel", preset="lucid", steps=3)
    assert made.provenance.method == "pixel"
    assert run(truth.network, "templates:0", preset="erhan", steps=3).provenance.method == "pixel"
    assert run(truth.network, "templates:0", preset="lucid", steps=3).provenance.method == "fourier"


def test_what_cannot_be_is_said() -> None:
    net = planted(1).network
    with pytest.raises(SettingError, match='no canvas "forier". Nearest: fourier'):
        run(net, "templates:0", canvas="forier")
    with pytest.raises(SettingError, match="at least one unit"):
        run(net, [])
    with pytest.raises(SettingError, match="steps is at least 1"):
        run(net, "templates:0", steps=0)
    with pytest.raises(SettingError, match="batch_size is at least 1"):
        run(net, "templates:0", batch_size=0)
    with pytest.raises(AddressError, match="has 10 units"):
        run(net, "templates:10")
    with pytest.raises(SettingError, match="needs a site and a vector"):
        run(net, "templates:0", objective="direction")


def test_units_and_composed_objectives_are_taken_as_they_are(truth: Planted) -> None:
    spot, wave = truth.network.unit(truth.addresses["spot"]), truth.network.unit(truth.addresses["wave"])
    made = run(truth.network, [spot, unit(spot) - 2 * unit(wave)], steps=4)
    assert made.units == (spot.address, f"{spot.address} - (2 ({wave.address}))")


def test_it_shows_and_keeps_itself(truth: Planted, tmp_path: object) -> None:
    made = run(truth.network, ["templates:0-3", "templates:0@4,5"], steps=4)
    page = made.figure()
    assert min(page.size) > 100
    assert made.line(0).startswith("templates:0   reached ")
    with np.load(made.save(f"{tmp_path}/made.npz")) as kept:
        assert np.array_equal(kept["images"], made.images)
