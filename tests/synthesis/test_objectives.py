from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import optogram as og
from optogram.errors import AddressError, InputError, SettingError
from optogram.network.site import Site
from optogram.synthesis.asked import OBJECTIVES
from optogram.synthesis.objectives._objective import Objective, measure
from optogram.synthesis.objectives.attribution_weighted import attribution_weighted
from optogram.synthesis.objectives.caricature import caricature
from optogram.synthesis.objectives.contrast import contrast
from optogram.synthesis.objectives.cosine_dot import cosine_dot
from optogram.synthesis.objectives.direction import direction
from optogram.synthesis.objectives.diversity import diversity
from optogram.synthesis.objectives.intermediate import intermediate, quantiles
from optogram.synthesis.objectives.inversion import inversion
from optogram.synthesis.objectives.joint import interpolation, joint
from optogram.synthesis.objectives.logit import logit
from optogram.synthesis.objectives.negative import negative
from optogram.synthesis.objectives.neuron import neuron
from optogram.synthesis.objectives.probability import probability
from optogram.synthesis.objectives.site import site
from optogram.synthesis.objectives.unit import unit
from optogram.synthesis.synthesize import synthesize
from optogram.zoo._planted import planted

NET = planted(3).network
IMAGES = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
RAW = NET.read("templates", IMAGES).detach()


def values(objectives: list[Objective]) -> np.ndarray:
    sites: dict[str, torch.Tensor] = {}

    def read(term: Any) -> tuple[Site, torch.Tensor]:
        sites.setdefault(term.site.address, NET.read(term.site, IMAGES))
        return term.site, sites[term.site.address]

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
    scaled = (3 * total - 0.25 * (2 * two)) / 2  # what was scaled before is scaled again, and no term for the others' sake
    assert values([scaled] * 3) == pytest.approx(1.5 * (single[0] - 1.5 * single[1] + single[2]) - 0.25 * single[1], abs=1e-4)


PHOTOGRAPH = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(5)) * 0.5 + 0.25
SPOT, WAVE, RECTIFIED = NET.unit("templates:5"), NET.unit("templates:0"), NET.site("rectified")
EVERY: dict[str, Callable[[], list[Objective]]] = {
    "unit": lambda: [unit(SPOT)],
    "neuron": lambda: [neuron(SPOT), neuron(NET.unit("templates:0@3,4"))],
    "negative": lambda: [negative(SPOT)],
    "direction": lambda: [direction(NET.site("templates"), np.random.default_rng(0).normal(size=10))],
    "logit": lambda: [logit(NET.unit("head:spot"))],
    "probability": lambda: [probability(NET.unit("head:spot"))],
    "site": lambda: [site(RECTIFIED), site(NET.unit("energy:0"))],
    "cosine_dot": lambda: [cosine_dot(SPOT), cosine_dot(NET.site("templates"), np.arange(10.0))],
    "joint": lambda: interpolation(unit(SPOT), unit(WAVE), 3),
    "contrast": lambda: [contrast(WAVE, NET.unit("templates:3"))],
    "intermediate": lambda: [intermediate(NET.unit("templates:0@4,4"), 0.8)],
    "inversion": lambda: [inversion(NET, "rectified", PHOTOGRAPH)],
    "caricature": lambda: [caricature(NET, "templates", PHOTOGRAPH)],
    "attribution_weighted": lambda: [
        attribution_weighted(NET, "head:spot", "rectified", PHOTOGRAPH),
        attribution_weighted(NET, "head:spot", "templates", PHOTOGRAPH, by_place=False),
    ],
    "diversity": lambda: diversity(NET.unit("any_of:0"), 2, NET.site("templates")),
}


def test_the_table_has_every_objective() -> None:
    assert sorted(EVERY) == OBJECTIVES.names()


def test_ascent_raises_every_objective() -> None:
    goals = [goal for make in EVERY.values() for goal in make()]
    goals.append(unit(SPOT) - unit(NET.unit("templates:8")) / 2)
    made = synthesize(NET, goals, steps=20, progress=False, transforms=(), batch_size=32)
    for name, trace in zip(made.units, made.trace, strict=True):
        assert trace[-1] > trace[0], name


def test_the_formulas_written_out() -> None:
    raw, rectified = RAW.double().numpy(), np.maximum(RAW.double().numpy(), 0)
    energy, logits = NET.read("energy", IMAGES).double().numpy(), NET.read("head", IMAGES).double().numpy()
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    vector = np.random.default_rng(1).normal(size=10)
    spots = np.zeros_like(raw[0])  # the head's class is the mean over places of the rectified spot: a place's part is its value / 441
    spots[5] = np.maximum(NET.read("templates", PHOTOGRAPH).double().numpy()[0, 5], 0) / 441
    photograph = NET.read("templates", PHOTOGRAPH).double().numpy()[0]

    def aligned(responses: np.ndarray, towards: np.ndarray, power: float) -> float:
        total = []
        for row, column in np.ndindex(responses.shape[1:]):
            y = responses[:, row, column]
            v = towards[:, row, column] if towards.ndim == 3 else towards
            total.append(y @ v * max(0.1, y @ v / np.linalg.norm(y) / np.linalg.norm(v)) ** power)
        return float(np.mean(total))

    cases = [
        (site(RECTIFIED), [(row**2).mean() for row in rectified]),
        (site(NET.unit("energy:0")), [(row**2).mean() for row in energy]),
        (probability(NET.unit("head:2")), list(shares[:, 2])),
        (cosine_dot(NET.site("templates"), vector), [aligned(row, vector, 2) for row in raw]),
        (cosine_dot(NET.unit("templates:5"), power=1), [aligned(row, np.eye(10)[5], 1) for row in raw]),
        (cosine_dot(NET.unit("templates:5@2,3")), [aligned(row[:, 2:3, 3:4], np.eye(10)[5], 2) for row in raw]),
        (intermediate(NET.unit("templates:0@4,4"), 0.3), [-((row[0, 4, 4] - 0.3) ** 2) for row in raw]),
        (intermediate(NET.unit("templates:0"), 0.3), [-((row[0].mean() - 0.3) ** 2) for row in raw]),
        (inversion(NET, "templates", PHOTOGRAPH), [-((row - photograph) ** 2).sum() / (photograph**2).sum() for row in raw]),
        (caricature(NET, "templates", PHOTOGRAPH, 2), [aligned(row, photograph, 2) for row in raw]),
        (attribution_weighted(NET, "head:spot", "templates", PHOTOGRAPH), [(row * spots).sum() for row in raw]),
        (attribution_weighted(NET, "head:spot", "rectified", PHOTOGRAPH), [(row * spots).sum() for row in rectified]),
        (attribution_weighted(NET, "head:spot", "templates", PHOTOGRAPH, False), [row[5].mean() * spots.sum() for row in raw]),
        (attribution_weighted(NET, "templates:5@2,3", "templates", PHOTOGRAPH), [row[5, 2, 3] * photograph[5, 2, 3] for row in raw]),
        (joint(unit(SPOT), unit(WAVE), 0.25), [0.75 * row[5].mean() + 0.25 * row[0].mean() for row in raw]),
        (contrast(SPOT, NET.unit("templates:0@1,2")), [row[5].mean() - row[0, 1, 2] for row in raw]),
    ]
    for goal, expected in cases:
        assert values([goal] * 3) == pytest.approx(np.array(expected), rel=1e-3, abs=1e-5), goal.name


def test_differing_pictures_are_compared_by_their_gram_matrices_within_their_family() -> None:
    two, other = diversity(SPOT, 2, NET.site("templates"), 3.0), diversity(WAVE, 2, NET.site("templates"))
    found = values([two[0], other[0], two[1]])
    matrices = [np.einsum("uhw,vhw->uv", row, row) for row in RAW.double().numpy()]
    alike = (matrices[0] * matrices[2]).sum() / np.linalg.norm(matrices[0]) / np.linalg.norm(matrices[2])
    assert found[0] == pytest.approx(RAW[0, 5].mean().item() - 3 * alike, rel=1e-4)
    assert found[1] == pytest.approx(RAW[1, 0].mean().item(), rel=1e-4)  # alone in its family here


def test_a_unit_is_brought_to_a_response_and_that_response_is_told() -> None:
    wished = [intermediate(NET.unit("templates:0@4,4"), value) for value in (-1.0, 0.0, 1.5)]
    made = synthesize(NET, wished, steps=100, transforms=(), progress=False)
    assert made.activations == pytest.approx([-1.0, 0.0, 1.5], abs=0.05)


def test_quantiles_are_those_of_the_photographs() -> None:
    photos = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    swept = og.sweep(NET, og.open_images(photos), progress=False)
    images = torch.from_numpy(photos).permute(0, 3, 1, 2).float() / 255
    maps = NET.read("templates", images)[:, 5]
    for target, natural in ((SPOT, maps.mean((1, 2))), (NET.unit("templates:5@4,4"), maps.amax((1, 2)))):
        for goal, share in zip(quantiles(target, swept), (0.1, 0.5, 0.9), strict=True):
            assert goal.terms[0][1].value == pytest.approx(np.quantile(natural.numpy(), share), rel=1e-3)  # type: ignore[attr-defined]


def test_an_inverted_first_layer_gives_the_photograph_back() -> None:
    """144 pixels from ten templates at every place: the picture is nearly determined."""
    made = synthesize(NET, inversion(NET, "templates", PHOTOGRAPH), canvas="fourier", steps=150, transforms=(), progress=False)
    assert made.activations[0] > -1e-3


def test_an_interpolation_begins_from_one_noise_and_ends_at_its_ends() -> None:
    goals = interpolation(unit(SPOT), unit(WAVE), 3)
    assert len({goal.start for goal in goals}) == 1
    made = synthesize(NET, goals, steps=2, progress=False, transforms=())
    assert np.abs(made.images[0] - made.images[2]).max() < np.abs(synthesize(NET, [unit(SPOT), unit(WAVE)], steps=2, progress=False).images).max()
    assert values([goals[0]] * 3) == pytest.approx(values([unit(SPOT)] * 3), abs=1e-6)


def test_what_an_objective_needs_is_said() -> None:
    for name in ("attribution_weighted", "joint", "contrast", "intermediate", "inversion", "caricature", "diversity", "direction"):
        with pytest.raises(SettingError, match="in place of the units"):
            synthesize(NET, "templates:0", objective=name, progress=False)
    with pytest.raises(InputError, match="has 10 weights"):
        cosine_dot(NET.site("templates"), [1.0])
    with pytest.raises(AddressError, match="no class"):
        probability(SPOT)
    with pytest.raises(SettingError, match="does not depend on energy"):
        attribution_weighted(NET, "templates:0", "energy", PHOTOGRAPH)
    with pytest.raises(SettingError, match="nothing at templates contributes"):
        attribution_weighted(NET, "rectified:8", "templates", PHOTOGRAPH)  # a dead unit
    with pytest.raises(SettingError, match="at least 2"):
        diversity(SPOT, 1, NET.site("templates"))
    with pytest.raises(SettingError, match="between 0 and 1"):
        joint(unit(SPOT), unit(WAVE), 1.5)
    with pytest.raises(SettingError, match="batch_size=2 is too small"):
        synthesize(NET, diversity(SPOT, 3, NET.site("templates")), batch_size=2, progress=False)


def test_a_direction_along_one_unit_is_that_unit() -> None:
    along = direction(NET.site("templates"), np.eye(10)[6])
    assert values([along] * 3) == pytest.approx(values([unit(NET.unit("templates:6"))] * 3), abs=1e-6)
    with pytest.raises(InputError, match="has 10 weights"):
        direction(NET.site("templates"), [1.0, 2.0])
