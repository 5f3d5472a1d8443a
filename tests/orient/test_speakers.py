"""Which units speak for up, where that is known: what only a planted unit sees outlives twins, what any unit sees does not."""

from __future__ import annotations

import numpy as np
import pytest

from optogram.images.open_images import open_images
from optogram.orient.examination import LEVEL, Examination
from optogram.orient.measures import accuracy
from optogram.orient.training import train
from optogram.zoo._planted import IMAGE, planted
from optogram.zoo._sky import PLANTED, draw, truth

GIVEN = planted(3)
CHECKER = int(GIVEN.addresses["checker"].split(":")[1])
COUNT, TWINS = 60, 4
SKY = 2.5
"""d' of "brighter above than below": a lone reader of it is right with chance .92."""


def chequered(random: np.random.Generator) -> np.ndarray:
    """Noise, with chequerboards in its upper part, and below the same pixels in another order: as much contrast, but no chequerboard."""
    picture = random.normal(0.5, 0.1, (IMAGE, IMAGE, 3))
    template = GIVEN.truth["checker"].transpose(1, 2, 0)
    mixed = random.permutation(template.reshape(-1, 3)).reshape(template.shape)
    for top, texture in ((random.integers(4), template), (IMAGE - 12 - random.integers(4), mixed)):
        for left in (random.integers(4), 16 + random.integers(4)):
            picture[top : top + 12, left : left + 12] += 0.8 * texture
    return (255 * picture).round().clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def found() -> Examination:
    random = np.random.default_rng(0)
    photos = open_images(np.stack([chequered(random) for _ in range(COUNT)]))
    return train(GIVEN.network, photos, ("rectified",), penalties=(0.03,), mirrored=False, twins=TWINS, progress=False)[1]


@pytest.fixture(scope="module")
def skies() -> Examination:
    photos = open_images(draw(COUNT, 7, SKY, things=0).pixels)
    return train(truth("cnn").network, photos, ("head",), penalties=(0.03,), mirrored=False, twins=TWINS, progress=False)[1]


def test_the_unit_that_alone_sees_it_speaks_and_outlives_twins(found: Examination) -> None:
    assert accuracy(found.logits).estimate > 0.85
    assert found.speakers.loudest[0] == CHECKER == int(found.shares[:, 0].argmax())
    assert found.shares[CHECKER, 0] > 0.8 * found.shares[:, 0].sum()
    assert found.shares[CHECKER, 1] > np.delete(found.shares[:, 0], CHECKER).max()
    assert found.twin_right.max() / COUNT < 0.6
    assert found.gate.p == pytest.approx(1 / (1 + TWINS))
    assert found.q[CHECKER] <= LEVEL
    assert found.loudest()[0].startswith(f"rectified:{CHECKER} (")
    assert f"; of the {len(found.loudest())} that speak most, rectified:{CHECKER}" in str(found).splitlines()[-1]


def test_it_speaks_at_the_picture_s_edges_more_than_in_its_middle(found: Examination) -> None:
    """Upright, chequerboards lie above, and turned on a side not: so the unit counts for above, against the other three edges."""
    assert found.speakers.fields[0].sum() == pytest.approx(found.shares[CHECKER, 0], rel=1e-4)
    rows = found.speakers.fields[0].reshape(4, 4).sum(1)
    assert min(rows[0], rows[3]) > 1.5 * max(rows[1], rows[2])


def test_the_sky_is_told_by_the_planted_head_and_by_twins_too(skies: Examination) -> None:
    """The four units of the head, the upright one most; colours, things and the silent unit say nothing. But a twin reads light as well."""
    kinds = [kind for kind, _ in PLANTED]
    turns = [unit for unit, kind in enumerate(kinds) if kind == "turn"]
    assert accuracy(skies.logits).estimate > 0.85
    assert int(skies.shares[:, 0].argmax()) == 0
    assert skies.shares[turns, 0].sum() > 0.9 * skies.shares[:, 0].sum()
    assert (skies.shares[turns, 1] > 0).all()
    silent = [unit for unit, kind in enumerate(kinds) if kind in ("colour", "silent")]
    np.testing.assert_allclose(skies.shares[silent], 0, atol=1e-6)
    assert (skies.twin_right / COUNT).max() > 0.6
    assert not (skies.q <= LEVEL).any()
    assert "that speak most, none." in str(skies).splitlines()[-1]


def test_what_has_no_sky_has_no_speaker() -> None:
    photos = open_images(draw(COUNT, 7, 0.0, things=0).pixels)
    nothing = train(truth("cnn").network, photos, ("head",), penalties=(0.3,), mirrored=False, progress=False)[1]
    right = accuracy(nothing.logits)
    assert right.low <= 0.25 <= right.high
    assert nothing.loudest() == ["no unit"]
    assert str(nothing).splitlines()[-1].startswith("Untrained twins were not asked")
