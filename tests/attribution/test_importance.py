"""Importance of concepts: closed forms, a slow loop by finite differences, completeness, and what cannot be asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.attribution.test_concepts import squares
from torch import Tensor, nn

import optogram as og
from optogram.attribution._concepts import Concepts
from optogram.errors import InputError, NonFiniteError, SettingError
from optogram.testing.attribution import photographs, small


def test_of_a_linear_head_each_concept_is_worth_its_amount_times_its_weight(tmp_path: Path) -> None:
    net, images = squares()
    found = og.concepts(net, images, "1", k=2, exemplars=3, progress=False)
    told = found.importance(net, images, "4:1", progress=False)
    weight = net.module[4].weight.detach().numpy()[1]
    mean = images.mean((2, 3)).numpy()
    np.testing.assert_allclose(told.worth, np.stack([mean[:, 0] * weight[0], mean[:, 2] * weight[2]], axis=1), atol=1e-3)
    np.testing.assert_allclose(told.lost, told.worth, atol=1e-6)
    np.testing.assert_allclose(told.worth.sum(1), told.responses - told.without, atol=1e-5)
    np.testing.assert_allclose(told.mean, told.worth.mean(0), rtol=1e-6)
    assert (told.low <= told.mean).all()
    assert (told.mean <= told.high).all()
    assert told.order == [int(one) for one in np.argsort(-told.mean)]
    assert "2 concepts of 1 for 4:1 on 12 photographs" in str(told)
    assert told.provenance.settings["target"] == "4:1"
    told.save(tmp_path / "importance.png")
    with np.load(told.save(tmp_path / "importance.npz")) as kept:
        assert kept["worth"].shape == (12, 2)
    few = found.importance(net, images[:2], "4:1", progress=False)
    assert np.isnan(few.low).all()


class Bent(nn.Module):
    """Concepts meet behind the site: a tanh of one place times another unit's mean."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.first, self.relu, self.second, self.head = nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Conv2d(5, 4, 3), nn.Linear(4, 3)

    def behind(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.second(x)).mean((2, 3))
        return self.head(y * y.roll(1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.behind(self.relu(self.first(x)))


def test_beside_a_loop_by_finite_differences() -> None:
    """Amount by amount: the path from none of the concepts to all of them, its slope in each amount by differences."""
    module = Bent().eval().double().requires_grad_(False)
    net, images = og.Network(module, og.Preprocess(size=8)), photographs(3, 3, 8, 8).double()
    found = og.concepts(net, images, "relu", k=2, steps=80, progress=False)
    told = found.importance(net, images, "head:1", steps=12, progress=False)
    for photo, image in enumerate(images):
        raw = torch.relu(module.first(image[None])).detach()
        parts = [torch.einsum("rc,u->urc", torch.from_numpy(found.maps[k, photo]), torch.from_numpy(found.patterns[k]))[None] for k in range(2)]
        rest = raw - sum(parts)

        def answer(one: float, two: float, rest: Tensor = rest, parts: list[Tensor] = parts) -> float:
            return float(module.behind(rest + one * parts[0] + two * parts[1])[0, 1])

        shares, size = (np.arange(200) + 0.5) / 200, 1e-5
        slopes = [
            [(answer(s + size, s) - answer(s - size, s)) / (2 * size), (answer(s, s + size) - answer(s, s - size)) / (2 * size)] for s in shares
        ]
        np.testing.assert_allclose(told.worth[photo], np.mean(slopes, axis=0), rtol=2e-4, atol=1e-7)
        np.testing.assert_allclose(told.lost[photo], [answer(1, 1) - answer(0, 1), answer(1, 1) - answer(1, 0)], rtol=1e-4, atol=1e-7)
        assert told.without[photo] == pytest.approx(answer(0, 0), abs=1e-6)
    assert np.abs(told.delta).max() < 2e-7 * np.abs(told.responses).max()  # the rounding of single precision, in which responses are kept
    assert np.abs(told.lost - told.worth).max() > 0.01 * np.abs(told.worth).max()  # they are two questions


def test_batches_make_no_difference() -> None:
    net, images = small(), photographs(5)
    found = og.concepts(net, images, "second#0", k=3, steps=20, progress=False)
    one, other = (found.importance(net, images, "head:2", batch_size=size, progress=False) for size in (2, 16))
    np.testing.assert_allclose(one.worth, other.worth, atol=1e-6 * np.abs(other.worth).max())


def test_what_cannot_be_asked() -> None:
    net, images = squares()
    found = og.concepts(net, images, "1", k=2, progress=False)
    assert isinstance(found, Concepts)
    with pytest.raises(SettingError, match="is computed after"):
        found.importance(net, images, "0:1")
    with pytest.raises(InputError, match="the concepts are of 3 units, 1 has 5"):
        found.importance(og.Network(nn.Sequential(nn.Conv2d(3, 5, 1), nn.ReLU(), nn.Conv2d(5, 2, 1)), og.Preprocess(size=12)), images, "2:1")
    with torch.no_grad():
        net.module[4].bias.fill_(torch.nan)
    with pytest.raises(NonFiniteError, match="4:1 is NaN on photograph 0"):
        found.importance(net, images, "4:1", progress=False)


def test_without_concepts_the_response_is_read_where_it_was() -> None:
    """Red makes the response at one place; blue, which is no concept here, would make a lesser one elsewhere: that is not what is left."""
    late = nn.Conv2d(3, 1, 1, bias=False)
    module = nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), nn.ReLU(), late)
    with torch.no_grad():
        module[0].weight.copy_(torch.eye(3)[:, :, None, None])
        late.weight.copy_(torch.tensor([1.0, 0.0, 0.5]).view(1, 3, 1, 1))
    net = og.Network(module, og.Preprocess(size=6))
    red, both = torch.zeros(2, 3, 6, 6), torch.zeros(1, 3, 6, 6)
    red[:, 0, 2:4, 2:4] = 0.8
    both[0, 0, 1, 1], both[0, 2, 4, 4] = 1.0, 1.0
    found = og.concepts(net, red, "1", k=1, progress=False).importance(net, both, "2:0", steps=4, progress=False)
    np.testing.assert_allclose(found.responses, 1.0, atol=1e-3)
    np.testing.assert_allclose(found.without, 0.0, atol=1e-3)
    np.testing.assert_allclose(found.worth, 1.0, atol=1e-2)
