"""Which units feed which: on a network whose wiring is known by construction."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from optogram.atlas.links import STRONGEST, bundles, linked
from optogram.images.preprocess import Preprocess
from optogram.network.network import Network


class Wired(nn.Module):
    """A convolution with batch norm, then two branches that are joined the other way round, a sum that mixes nothing, pooling, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.left = nn.Conv2d(4, 2, 1)
        self.right = nn.Conv2d(4, 3, 3, padding=1, groups=1)
        self.deep = nn.Conv2d(5, 5, 3, padding=1, groups=5)
        self.head = nn.Linear(5 * 4, 3)

    def forward(self, x: Float[Tensor, "batch channel row column"]) -> Tensor:
        """Class scores."""
        x = torch.relu(self.norm(self.first(x)))
        x = torch.relu_(torch.cat([self.right(x), self.left(x)], dim=1))
        x = torch.relu(self.deep(x))
        answers: Tensor = self.head(nn.functional.adaptive_avg_pool2d(x, 2).flatten(1))
        return answers


def _wired() -> Network:
    torch.manual_seed(0)
    module = Wired().eval()
    with torch.no_grad():
        for norm in (part for part in module.modules() if isinstance(part, nn.BatchNorm2d)):
            norm.running_var.uniform_(0.5, 2)
            norm.weight.uniform_(0.5, 2)
        for part in (module.first, module.left, module.right, module.deep):
            part.bias.fill_(1.0)  # nothing is silent
    return Network(module, Preprocess(size=8), name="wired")


def test_the_layers_features_are_traced_to_the_units_that_make_them() -> None:
    net = _wired()
    found = {(one.target.address, one.source.address): one for one in bundles(net, net.sites())}
    assert set(found) == {("left", "norm"), ("right", "norm"), ("deep", "left"), ("deep", "right"), ("head", "deep")}
    assert {unit: list(features) for unit, features in found["deep", "right"].features.items()} == {0: [0], 1: [1], 2: [2]}
    assert {unit: list(features) for unit, features in found["deep", "left"].features.items()} == {0: [3], 1: [4]}
    flat = found["head", "deep"].features
    assert {unit: list(features) for unit, features in flat.items()} == {unit: list(range(4 * unit, 4 * unit + 4)) for unit in range(5)}


def test_rows_hold_the_networks_own_weights_and_their_strength() -> None:
    net = _wired()
    module = net.module
    spread = {site.address: np.linspace(1, 2, site.units) for site in net.sites()}
    tables = linked(net, net.sites(), spread)
    rows = [dict(zip(tables["right"], row, strict=True)) for row in zip(*tables["right"].values(), strict=True)]
    one = next(row for row in rows if (row["unit"], row["way"], row["site"], row["other"]) == (1, "in", "norm", 2))
    kernel = module.right.weight[1, 2].detach().numpy()
    assert np.allclose(np.reshape(one["kernel"], (3, 3)), kernel)
    assert np.isclose(one["weight"], kernel.sum(), atol=1e-5)
    assert np.isclose(one["strength"], np.linalg.norm(kernel) * spread["norm"][2] / spread["right"][1], rtol=1e-5)
    strengths = [row["strength"] for row in rows if (row["unit"], row["way"]) == (1, "in")]
    assert strengths == sorted(strengths, reverse=True)
    back = [dict(zip(tables["norm"], row, strict=True)) for row in zip(*tables["norm"].values(), strict=True)]
    outs = [row for row in back if (row["unit"], row["way"]) == (2, "out")]
    assert {(row["site"], row["other"]) for row in outs} == {("left", 0), ("left", 1), ("right", 0), ("right", 1), ("right", 2)}
    assert [row["rank"] for row in outs] == list(range(min(STRONGEST, len(outs))))


def test_a_grouped_convolution_links_its_own_group_alone() -> None:
    net = _wired()
    tables = linked(net, net.sites(), {site.address: np.ones(site.units) for site in net.sites()})
    deep = [dict(zip(tables["deep"], row, strict=True)) for row in zip(*tables["deep"].values(), strict=True)]
    assert {(row["unit"], row["site"], row["other"]) for row in deep if row["way"] == "in"} == {
        (0, "right", 0),
        (1, "right", 1),
        (2, "right", 2),
        (3, "left", 0),
        (4, "left", 1),
    }
    head = [row for row in deep if row["way"] == "out" and row["unit"] == 3]
    weights = net.module.head.weight.detach()[:, 12:16]
    assert {row["other"]: np.round(row["weight"], 4) for row in head} == {unit: np.round(float(weights[unit].sum()), 4) for unit in range(3)}


def test_a_batch_norm_behind_the_layer_is_folded_in() -> None:
    net = _wired()
    module = net.module
    torch.manual_seed(1)
    late = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)).eval()
    with torch.no_grad():
        late[3].running_var.fill_(4.0 - late[3].eps)
        late[3].weight.fill_(3.0)
        late[0].bias.fill_(2.0)
    small = Network(late, Preprocess(size=4), name="late")
    found = {(one.target.address, one.source.address): one for one in bundles(small, small.sites())}
    assert torch.allclose(found["3", "0"].kernel[:, :, 0, 0], late[2].weight.detach()[:, :, 0, 0] * 1.5)
    assert module is not late


def test_a_layer_that_mixes_its_units_first_has_no_links() -> None:
    mixed = Network(nn.Sequential(nn.Conv2d(3, 4, 1), nn.GroupNorm(1, 4), nn.Conv2d(4, 2, 1)).eval(), Preprocess(size=6), name="mixed")
    sites = [mixed.site("0"), mixed.site("2")]
    assert bundles(mixed, sites) == []
