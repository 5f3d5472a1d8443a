from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.synthesis.rigid import Rigid
from torch import Tensor, nn

import optogram as og
from optogram.errors import AddressError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network
from optogram.synthesis.objectives.cosine_dot import cosine_dot
from optogram.synthesis.objectives.diversity import diversity
from optogram.synthesis.objectives.intermediate import intermediate
from optogram.synthesis.objectives.negative import negative
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
        assert made.activations[index] - start > 0.6 * (most - start), name
        clear = np.abs(truth.truth[name]) > 0.25 * np.abs(truth.truth[name]).max()
        assert np.mean((made.image(index) > 0.5)[clear] == (best > 0.5)[clear]) > 0.85, name


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


def test_dead_units_are_named_in_whatever_they_are_asked(truth: Planted) -> None:
    """Sums and differing pictures have gradients from elsewhere, and a cosine climbs before the rectifier: the unit stays dead all the same."""
    net = truth.network
    dead, spot = net.unit(truth.addresses["dead"].replace("templates", "rectified")), net.unit(truth.addresses["spot"])
    lone = [*diversity(dead, 2, net.site("templates")), cosine_dot(dead), unit(dead) + neuron(dead), 2 * unit(dead)]
    assert set(run(net, lone, steps=12).verdict) == {"dead start"}
    mixed = [unit(dead) + unit(spot), unit(spot) - unit(dead), negative(dead), intermediate(dead, 0.0), cosine_dot(spot)]
    assert "dead start" not in run(net, mixed, steps=12).verdict


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
    twice = run(truth.network, [truth.addresses["oblique"], truth.addresses["double"]], steps=2).images
    assert np.abs(twice[0] - twice[1]).max() > 1e-3  # two units that are the same start from noise of their own


@pytest.mark.parametrize("canvas", ["fourier", "pixel"])
def test_a_batch_gives_what_each_unit_gives_alone(truth: Planted, canvas: str) -> None:
    asked = [truth.addresses["wave"], truth.addresses["spot"], truth.addresses["opponent"]]
    together = run(truth.network, asked, canvas=canvas, steps=48)
    reverse = run(truth.network, asked[::-1], canvas=canvas, steps=48, batch_size=2)
    for index, address in enumerate(asked):
        alone = run(truth.network, address, canvas=canvas, steps=48)
        for other in (together.images[index], reverse.images[2 - index]):  # rounding differs, and Adam enlarges it
            assert np.abs(other - alone.images[0]).max() < 0.03
            assert np.abs(other - alone.images[0]).mean() < 2e-3


class Sleeper(nn.Module):
    """Silent for gray images: it needs a brighter spot than any start has."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 2, 5, bias=True)
        self.second = nn.Conv2d(2, 2, 1, bias=False)
        with torch.no_grad():
            self.first.weight.fill_(1.0)
            self.first.bias.fill_(-0.6 * 75)  # type: ignore[union-attr]
            self.second.weight.copy_(torch.eye(2)[:, :, None, None])

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.second(torch.relu(self.first(images)))
        return out


def test_a_unit_behind_a_silent_rectifier_is_woken() -> None:
    made = run(Network(Sleeper(), Preprocess(size=16)), "second:1", steps=40)
    assert made.trace[0, 0] == 0
    assert made.activations[0] > 1
    assert made.verdict[0] in ("converged", "still rising")


class Fragile(nn.Module):
    """Divides by zero once an image is bright, which unit 0 wants and unit 1 does not."""

    def __init__(self) -> None:
        super().__init__()
        self.units = nn.Conv2d(1, 2, 3)
        with torch.no_grad():
            self.units.weight.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1).expand(2, 1, 3, 3) / 9)
            self.units.bias.zero_()  # type: ignore[union-attr]

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.units(images)
        bad = (out[:, :1].mean((1, 2, 3), keepdim=True) > 0.6).float()
        return out / (1 - bad)


def test_a_row_that_is_not_finite_stands_still_and_spares_the_others() -> None:
    net = Network(Fragile(), Preprocess(size=12))
    made = run(net, ["output:0", "output:1"], transforms=())
    assert made.verdict[0] == "not finite"
    assert np.isfinite(made.images).all()
    assert np.isfinite(made.trace[1]).all()
    assert made.verdict[1] != "not finite"
    assert made.trace[1, -1] > made.trace[1, 0] + 0.05  # it went on


def test_networks_of_a_fixed_small_size_and_one_channel() -> None:
    net = Network(Rigid(), Preprocess(size=28))
    made = run(net, ["late:0", "early:1", "early:2@3,4"], steps=8, preset="lucid")
    assert made.sizes.tolist() == [[28, 28], [28, 28], [5, 5]]
    assert made.images.shape[1] == 1
    assert run(net, "late:0", steps=2, size=20).images.shape == (1, 1, 20, 20)
    with pytest.raises(SettingError, match="at most 28x28"):
        run(net, "late:0", steps=2, size=64)


def test_the_users_module_is_left_alone() -> None:
    module = Rigid().train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    run(Network(module, Preprocess(size=28)), "late:0", steps=3)
    assert module.training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in module.parameters())
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert not any(inner._forward_hooks for inner in module.modules())


def test_a_sweep_tells_what_photographs_reach(truth: Planted) -> None:
    photos = np.random.default_rng(0).integers(0, 256, (24, 32, 32, truth.network.channels), dtype=np.uint8)
    swept = og.sweep(truth.network, og.open_images(photos), progress=False)
    spot = truth.addresses["spot"]
    made = run(truth.network, [spot, f"{spot}@3,3", "head:1"], steps=4, sweep=swept)
    images = torch.from_numpy(photos).permute(0, 3, 1, 2).float() / 255
    maps = truth.network.read("templates", images)[:, truth.network.unit(spot).index]
    for told, natural in zip(made.natural[:2], (maps.mean((1, 2)), maps.amax((1, 2))), strict=True):
        assert told is not None
        assert told[:4] == pytest.approx((*np.quantile(natural.numpy(), (0.5, 0.9, 0.99)), natural.max().item()), rel=1e-3)
        assert f"median {told.median:.3g}, 99th percentile {told.farther:.3g}, most {told.most:.3g}" in str(told)
    assert f"photographs: {made.natural[0]}" in made.line(0)
    lowered = run(truth.network, [spot, f"{spot}@3,3", spot.replace("templates", "rectified")], steps=4, sweep=swept, objective="negative")
    means = maps.mean((1, 2)).numpy()
    assert lowered.natural[0] is not None
    assert lowered.natural[0][:4] == pytest.approx((*np.quantile(means, (0.5, 0.1, 0.01)), means.min()), rel=1e-3)
    assert "1st percentile" in lowered.line(0)
    assert "least" in lowered.line(0)
    assert lowered.natural[1:] == (None, None)  # the panel holds neither a photograph's least neuron nor what is under a rectifier


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
    with pytest.raises(SettingError, match="batch_size and seeds are at least 1; got 0"):
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
