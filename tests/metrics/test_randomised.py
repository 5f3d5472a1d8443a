"""MPRT and max-sensitivity: what they must see, what they must not; likeness beside peers; layers with a seed each."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from tests.metrics.planted import edge_detector, images, linear
from torch import Tensor, nn

from optogram.attribution._attribute import attribute
from optogram.errors import NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.metrics._score import score
from optogram.metrics._similarity import spearman, ssim
from optogram.metrics._trial import trials
from optogram.metrics.efficient_mprt import entropy
from optogram.metrics.mprt import smooth
from optogram.network.cascade import destroy, layers
from optogram.network.network import Network
from optogram.testing.attribution import Small, photographs, small
from optogram.testing.unchanged import unchanged


class Tokens(nn.Module):
    """A bare parameter, attention with its in-projection, two layers of one shape, a head."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.patch = nn.Conv2d(3, 8, 4, stride=4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.norm = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.one, self.two, self.head = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = self.norm(torch.cat((self.token.expand(len(x), -1, -1), x), dim=1))
        x = x + self.attention(x, x, x)[0]
        return self.head(self.two(self.one(x).relu()).mean(1))


def tokens() -> Network:
    return Network(Tokens(), Preprocess(size=16))


def test_layers_come_in_the_order_in_which_they_are_computed() -> None:
    class Shuffled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last, self.middle = nn.Conv2d(3, 4, 3), nn.Linear(4, 2), nn.BatchNorm2d(4)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(self.middle(self.first(x)).relu().mean((2, 3)))

    net = Network(Shuffled(), Preprocess(size=8, mean=(0.5, 0.5, 0.5)))
    assert layers(net) == ["first", "middle", "last"]
    assert layers(net, net.site("middle").order) == ["first", "middle"]
    found = layers(tokens())
    assert set(found) == {"", "patch", "norm", "attention", "attention.out_proj", "one", "two", "head"}
    assert found.index("patch") < found.index("norm") < found.index("attention") < found.index("one") < found.index("two") < found.index("head")


def test_every_parameter_is_drawn_anew_each_layer_from_its_own_seed() -> None:
    net = tokens()
    copy = net.worker()
    before = {name: parameter.clone() for name, parameter in copy.layer("output").named_parameters()}
    state = torch.random.get_rng_state()
    with unchanged(net.module):
        for number, path in enumerate(layers(net)):
            changed = {name for name, parameter in copy.layer("output").named_parameters() if not torch.equal(parameter, before[name])}
            assert all(any(name.rpartition(".")[0] == done for done in layers(net)[:number]) for name in changed)
            destroy(copy, path, seed=0)
    assert torch.equal(torch.random.get_rng_state(), state)
    after = dict(copy.layer("output").named_parameters())
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert same <= {"norm.weight", "norm.bias", "attention.in_proj_bias", "attention.out_proj.bias"}  # constant before, constant after
    assert not torch.equal(after["one.weight"], after["two.weight"])
    assert not torch.equal(before["attention.in_proj_weight"], after["attention.in_proj_weight"])
    assert not torch.equal(before["token"], after["token"])


def test_batch_norms_are_measured_anew() -> None:
    net, x = small(), photographs(4)
    copy = net.worker()
    destroy(copy, "first", seed=0, images=x)
    raw = copy.read("first", x)
    norm = copy.layer("norm")
    torch.testing.assert_close(norm.running_mean, raw.mean((0, 2, 3)), atol=1e-5, rtol=1e-4)
    assert not norm.training


def test_an_edge_detector_is_the_same_whatever_the_network_has_learned() -> None:
    net, x = small(), photographs(2)
    found = attribute(net, x, "head:2", edge_detector, progress=False)
    for order in ("top_down", "bottom_up"):
        marks = score(net, found, "mprt", order=order, progress=False)
        np.testing.assert_allclose(marks.values, 1, atol=1e-6)
        assert marks.across == pytest.approx((0.25, 0.5, 0.75, 1.0))
    np.testing.assert_allclose(score(net, found, "efficient_mprt", progress=False).values, 0, atol=1e-6)
    assert marks.free == {}


@pytest.mark.parametrize("similarity", ["spearman", "ssim"])
def test_the_gradient_of_a_linear_network_is_its_weights(similarity: str) -> None:
    net, x = linear(), images()
    found = attribute(net, x, "head:2", "gradient", progress=False)
    values = score(net, found, "mprt", similarity=similarity, progress=False).values
    assert np.abs(values).max() < 0.3
    np.testing.assert_allclose(
        score(net, found, "mprt", samples=3, progress=False).values, score(net, found, "mprt", progress=False).values, atol=1e-5
    )


def test_steps_are_spread_and_the_user_is_left_alone() -> None:
    module = Small()
    net, x = small(module=module), photographs(2)
    found = attribute(net, x, "head:2", "gradient", progress=False)
    with unchanged(module):
        few = score(net, found, "mprt", steps=2, progress=False)
        whole = score(net, found, "mprt", progress=False)
    assert few.across == (0.5, 1.0)
    np.testing.assert_allclose(few.curve, whole.curve[:, [1, 3]], atol=1e-6)


def test_layers_behind_the_unit_have_no_part() -> None:
    net, x = small(), photographs(1)
    found = attribute(net, x, "norm:3", "gradient", progress=False)
    assert len(score(net, found, "mprt", progress=False).across) == 2


def test_max_sensitivity_agrees_with_captum() -> None:
    captum = pytest.importorskip("captum")
    from captum.metrics import sensitivity_max

    module, x = Small().eval(), photographs(3)
    net = Network(module, Preprocess(size=24))
    generator = torch.Generator().manual_seed(4)
    draws = [(2 * torch.rand(x.shape[1:], generator=generator) - 1) * 0.05 for _ in range(5)]
    calls = iter(draws)
    saliency = captum.attr.Saliency(module)

    def explain(inputs, **extra):
        given = (inputs[0] if isinstance(inputs, tuple) else inputs).clone().requires_grad_()
        return (saliency.attribute(given, target=2, abs=False).sum(1, keepdim=True),)

    theirs = sensitivity_max(explain, x, lambda inputs, radius: (inputs + next(calls)).clamp(0, 1), n_perturb_samples=5, max_examples_per_batch=3)
    ours = score(net, attribute(net, x, "head:2", "gradient", progress=False), "max_sensitivity", radius=0.05, samples=5, seed=4, progress=False)
    np.testing.assert_allclose(ours.values, theirs.detach().numpy(), rtol=1e-3)


def test_likeness_agrees_with_peers() -> None:
    structural = pytest.importorskip("skimage.metrics").structural_similarity
    one, other = torch.randn(2, 40, 33), torch.randn(2, 40, 33)
    other = 0.5 * one + other
    for row in range(2):
        a, b = one[row].abs().numpy().astype(float), other[row].abs().numpy().astype(float)
        assert float(spearman(one, other)[row]) == pytest.approx(stats.spearmanr(a.ravel(), b.ravel()).statistic, abs=1e-6)
        a, b = ((values - values.min()) / (values.max() - values.min()) for values in (a, b))
        theirs = structural(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0)
        assert float(ssim(one, other)[row]) == pytest.approx(theirs, abs=1e-6)
    inside = torch.zeros(40, 33)
    inside[3:9, 4:11] = 1
    a, b = (one[0] * inside).abs()[3:9, 4:11].ravel(), (other[0] * inside).abs()[3:9, 4:11].ravel()
    assert float(spearman(one * inside, other * inside)[0]) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-6)  # noughts around don't count
    assert bool(spearman(one, torch.zeros_like(one)).isnan().all())
    assert bool(ssim(one, torch.ones_like(one)).isnan().all())
    torch.testing.assert_close(ssim(one, -2 * one), torch.ones(2))


def test_entropy_of_known_histograms() -> None:
    values = torch.zeros(1, 10, 10)
    values[0, :, 5:] = 1
    assert float(entropy(values, 100)) == pytest.approx(np.log(2))
    assert bool(entropy(torch.ones(1, 4, 4), 10).isnan())


def test_what_cannot_be_asked() -> None:
    net, x = small(), photographs(1)
    found = attribute(net, x, "head:2", "gradient", progress=False)
    with pytest.raises(SettingError, match="samples and steps from 1 up"):
        score(net, found, "mprt", samples=0)
    with pytest.raises(SettingError, match="radius"):
        score(net, found, "max_sensitivity", radius=0)
    with pytest.raises(NotDefinedError, match="over the units of norm"):
        score(net, attribute(net, x, "head:2", "gradient", source="norm", progress=False), "mprt")


def test_smooth_maps_are_means_over_noisy_copies() -> None:
    net, x = linear(), images(2)
    (_, trial), *_ = trials(net, attribute(net, x, "head:2", "gradient", progress=False), seed=3)
    generator = torch.Generator().manual_seed(3)
    draws = [torch.randn(3, 12, 12, generator=generator) for _ in range(4)]
    expected = torch.stack([(x + 0.2 * draw).clamp(0, 1).square().sum(1) for draw in draws]).mean(0)
    found = smooth(lambda network, images: images.square().sum(1), trial, 4, 0.2)(net, x)
    torch.testing.assert_close(found, expected)


def test_efficient_mprt_is_by_how_much_of_itself_disorder_rises() -> None:
    net, x = small(), photographs(2)
    found = attribute(net, x, "head:2", "gradient", progress=False)
    copy = net.worker()
    for path in layers(net, net.site("head").order):
        destroy(copy, path, 4, net.prepare(x))
    after = attribute(copy, x, "head:2", "gradient", progress=False)
    before, beyond = (entropy(torch.as_tensor(np.stack([one.map(photo) for photo in range(2)])), 50).numpy() for one in (found, after))
    np.testing.assert_allclose(score(net, found, "efficient_mprt", bins=50, seed=4, progress=False).values, beyond / before - 1, rtol=1e-3, atol=1e-4)
