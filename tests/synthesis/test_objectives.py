from __future__ import annotations

import numpy as np
import pytest
import torch

from optogram.errors import InputError
from optogram.network.site import Site
from optogram.synthesis.objectives._objective import Objective, measure
from optogram.synthesis.objectives.direction import direction
from optogram.synthesis.objectives.negative import negative
from optogram.synthesis.objectives.neuron import neuron
from optogram.synthesis.objectives.unit import unit
from optogram.synthesis.synthesize import synthesize
from optogram.zoo._planted import planted

NET = planted(3).network
IMAGES = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
RAW = NET.read("templates", IMAGES).detach()


def values(objectives: list[Objective]) -> np.ndarray:
    sites: dict[str, torch.Tensor] = {}

    def read(site: Site) -> tuple[Site, torch.Tensor]:
        sites.setdefault(site.address, NET.read(site, IMAGES))
        return site, sites[site.address]

    return measure(objectives, read).numpy()


def test_each_row_has_its_own_objective() -> None:
    found = values([unit(NET.unit("templates:5")), unit(NET.unit("templates:0")), unit(NET.unit("templates:5"))])
    assert found == pytest.approx([RAW[0, 5].mean().item(), RAW[1, 0].mean().item(), RAW[2, 5].mean().item()], abs=1e-6)


def test_kinds_sites_and_places_mix_in_one_batch() -> None:
    vector = np.arange(10) / 10
    goals = [neuron(NET.unit("templates:5@3,7")), direction(NET.site("templates"), vector), negative(NET.unit("energy:0"))]
    expected = [RAW[0, 5, 3, 7].item(), (RAW[1].mean((1, 2)) @ torch.tensor(vector).float()).item(), -NET.read("energy", IMAGES)[2, 0].mean().item()]
    assert values(goals) == pytest.approx(expected, abs=1e-5)
    middle = values([neuron(NET.unit("templates:5")), neuron(NET.unit("templates:6")), unit(NET.unit("templates:6"))])
    assert middle == pytest.approx([RAW[0, 5, 10, 10].item(), RAW[1, 6, 10, 10].item(), RAW[2, 6].mean().item()], abs=1e-5)


def test_objectives_add_subtract_and_scale_and_a_sum_leaves_its_terms_alone() -> None:
    one, two = unit(NET.unit("templates:5")), neuron(NET.unit("templates:0@2,2"))
    three = unit(NET.unit("energy:0"))
    total = 2 * one - two * 0.5 + three - one + (-two)
    single = [values([goal] * 3) for goal in (one, two, three)]
    assert values([total] * 3) == pytest.approx(single[0] - 1.5 * single[1] + single[2], abs=1e-4)
    assert values([total, one, two]) == pytest.approx([values([total] * 3)[0], single[0][1], single[1][2]], abs=1e-4)


def test_ascent_raises_every_objective() -> None:
    site, spot = NET.site("templates"), NET.unit("templates:5")
    vector = np.random.default_rng(0).normal(size=10)
    goals = [
        unit(spot),
        neuron(spot),
        negative(spot),
        direction(site, vector),
        unit(spot) - unit(NET.unit("templates:8")),
        neuron(NET.unit("head:1")),
    ]
    made = synthesize(NET, goals, steps=24, progress=False)
    assert (made.trace[:, -4:].mean(1) > made.trace[:, :2].mean(1)).all()


def test_a_direction_along_one_unit_is_that_unit() -> None:
    along = direction(NET.site("templates"), np.eye(10)[6])
    assert values([along] * 3) == pytest.approx(values([unit(NET.unit("templates:6"))] * 3), abs=1e-6)
    with pytest.raises(InputError, match="has 10 weights"):
        direction(NET.site("templates"), [1.0, 2.0])
