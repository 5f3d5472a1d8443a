"""Ranking: a planted order is found, differences are paired, refusals are named, free maps stand among the methods."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from tests.metrics.planted import images, linear
from torch import Tensor, nn

import optogram as og
from optogram.errors import AddressError, NotDefinedError, SettingError
from optogram.images.preprocess import Preprocess
from optogram.metrics._rank import _ranking, rank
from optogram.metrics._score import score
from optogram.result import Provenance
from optogram.testing.attribution import photographs, small

FROM = Provenance("rank", "net", "0")


def test_a_planted_order_and_its_paired_differences() -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 1.0, 40)  # photographs differ far more than methods do
    table = {"good": 0.5 + hard + rng.normal(0, 0.05, 40), "same": 0.49 + hard + rng.normal(0, 0.05, 40), "bad": hard - 0.5}
    free = {"random": hard - 0.2, "edges": hard - 0.3}
    found = _ranking(table, free, "high", "insertion", ("head:2",), None, {}, FROM, 0)
    assert [one.method for one in found.standings] == ["good", "same", "random", "edges", "bad"]
    assert found.rival == "random"
    verdicts = {one.method: one.verdict for one in found.standings}
    assert verdicts == {"good": "beyond", "same": "beyond", "random": "free", "edges": "free", "bad": "below"}
    good = found.standings[0]
    assert good.tied == ("same",) or good.ahead - found.standings[1].ahead > 0.01
    assert good.ahead == pytest.approx(0.7, abs=0.05)
    assert good.ahead_high - good.ahead_low < 0.1 < good.high - good.low
    other_way = _ranking(
        {name: -values for name, values in table.items()}, {name: -values for name, values in free.items()}, "low", "deletion", (), None, {}, FROM, 0
    )
    assert [one.method for one in other_way.standings] == [one.method for one in found.standings]
    assert other_way.standings[0].ahead == pytest.approx(good.ahead, abs=1e-6)


def test_what_cannot_be_told_is_not_told() -> None:
    rng = np.random.default_rng(1)
    found = _ranking(
        {"one": rng.normal(size=12), "two": rng.normal(size=12)}, {"random": rng.normal(size=12)}, "high", "insertion", (), None, {}, FROM, 0
    )
    assert all(one.verdict in ("can't tell", "free") for one in found.standings)
    assert found.standings[0].tied


class Heads(nn.Module):
    """Two heads: there is no class that a photograph is named first."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(12, 3), nn.Linear(12, 2)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"kind": self.one(x.flatten(1)), "way": self.two(x.flatten(1))}


def test_a_network_of_several_heads_is_told_to_name_its_target() -> None:
    net, pictures = og.Network(Heads(), preprocess=Preprocess(size=2)), [np.full((2, 2, 3), 50 * n, np.uint8) for n in range(3)]
    with pytest.raises(AddressError, match=r"output/kind, output/way.*--target HEAD:NAME"):
        og.rank(net, pictures, methods=["gradient"], progress=False)
    assert og.rank(net, pictures, "output/way:1", methods=["gradient"], metric="sparseness", progress=False).targets


def test_only_photographs_that_all_answer_count() -> None:
    found = _ranking(
        {"one": np.array([1.0, 2.0, np.nan, 4.0])}, {"random": np.array([0.0, np.nan, 1.0, 0.0])}, "high", "insertion", (), None, {}, FROM, 0
    )
    assert found.values.shape == (2, 2)
    with pytest.raises(NotDefinedError, match="no answer on any photograph"):
        _ranking({"one": np.array([np.nan])}, {}, "high", "insertion", (), None, {}, FROM, 0)


def test_the_exact_map_of_a_linear_network_comes_first(tmp_path) -> None:
    net, x = linear(), images(5)
    found = og.rank(net, x, "head:2", methods=["gradient", "input-x-gradient"], metric="insertion", baseline="black", steps=12, progress=False)
    assert isinstance(found, og.Ranking)
    assert found.standings[0].method == "input_x_gradient"
    assert found.standings[0].verdict == "beyond"
    assert {one.method for one in found.standings if one.free} == {"random", "centre", "edges"}
    alone = score(net, og.attribute(net, x, "head:2", "input_x_gradient", progress=False), "insertion", baseline="black", steps=12, progress=False)
    np.testing.assert_allclose(found.values[0], alone.values, atol=1e-5)
    assert "input_x_gradient" in str(found)
    found.save(tmp_path / "rank.png")
    with Image.open(tmp_path / "rank.png") as drawn:
        assert drawn.size[0] > 500


def test_refusals_are_named_and_the_rest_goes_on() -> None:
    net = og.Network(nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)), Preprocess(size=12))
    found = rank(net, images(3), methods=["guided_backprop", "gradient"], metric="sparseness", progress=False)
    assert list(found.refused) == ["guided_backprop"]
    assert "guided_backprop: " in str(found)
    assert all(target.startswith("output:") for target in found.targets)
    with pytest.raises(NotDefinedError, match="no method is defined here"):
        rank(net, images(3), methods=["guided_backprop"], progress=False)


def test_metrics_without_free_maps_and_equal_blur() -> None:
    net, x = small(), photographs(3)
    plain = rank(net, x, "head:2", methods=["gradient", "grad_cam"], metric="max_sensitivity", samples=2, progress=False)
    assert plain.rival == ""
    assert all(one.verdict == "" for one in plain.standings)
    assert plain.figure().size[0] > 0
    smooth = rank(net, x, "head:2", methods=["gradient", "grad_cam"], metric="sparseness", equal_blur=True, progress=False)
    assert smooth.blur > 2
    with pytest.raises(SettingError, match="list of one each, 3; got 1"):
        rank(net, x, ["head:2"], methods=["gradient"], progress=False)
