from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.evidence.pictured import pictured

from optogram.evidence._path import Path, _alike
from optogram.evidence.natural_path import coherence, flagged, natural_path
from optogram.statistics.identification import wrong_picture
from optogram.statistics.intervals import clopper_pearson

UNITS, HIDDEN, SITES = 16, 40, 2


def unit_length(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def ways(rng: np.random.Generator, fooled: int = 0, noise: float = 0.6, same: bool = True) -> Path:
    """Each unit's photographs go a way of its own; so do pictures, but those of the first `fooled` units, which go one of theirs."""
    pictures, natural = [], []
    for _ in range(SITES):
        own = rng.standard_normal((UNITS, HIDDEN)) if same else np.zeros((UNITS, HIDDEN))
        shown = own.copy() if same else rng.standard_normal((UNITS, HIDDEN))
        shown[:fooled] = rng.standard_normal((fooled, HIDDEN))
        halves = [unit_length(own + noise * rng.standard_normal(own.shape)) for _ in range(2)]
        natural.append((halves[0] @ halves[1].T + halves[1] @ halves[0].T) / 2)
        pictures.append(unit_length(halves[0] + halves[1]) @ unit_length(shown + noise * rng.standard_normal(shown.shape)).T)
    names = tuple(f"layer{number}" for number in range(SITES))
    return Path(names, np.stack(pictures).astype(np.float32), np.stack(natural).astype(np.float32))


def seen(path: Path, seed: int = 0) -> object:
    shown = pictured(np.random.default_rng(seed), UNITS, 24)
    return replace(shown, recorded={**shown.recorded, "way": path})


def test_coherence_is_one_on_the_way_and_nothing_off_it() -> None:
    path = ways(np.random.default_rng(0), fooled=6)
    found = coherence(path)
    for site in range(SITES):
        for unit in (0, 9):
            same = path.natural[site, unit, unit]
            other = np.mean([path.natural[site, unit, one] for one in range(UNITS) if one != unit])
            assert found[site, unit] == pytest.approx((path.picture[site, unit, unit] - other) / (same - other), rel=1e-4)
    assert abs(np.median(found[:, :6])) < 0.3
    assert 0.7 < np.median(found[:, 6:]) < 1.6


def test_the_measure_is_the_wrong_picture_test_of_the_mean_over_sites() -> None:
    path = ways(np.random.default_rng(1))
    found = natural_path.measure(seen(path))
    expected = wrong_picture(path.picture.mean(axis=0))
    np.testing.assert_allclose(found.effect, expected.margin, rtol=1e-5)
    np.testing.assert_array_equal(found.at_least, expected.at_least)
    assert (found.q <= 0.05).all()
    values = coherence(path)[:, 4]
    assert found.notes[4] == f"Path coherence layer0 {values[0]:.2f}, layer1 {values[1]:.2f}"


def test_those_off_the_way_are_flagged_and_no_other() -> None:
    right = wrong = 0
    for seed in range(20):
        off = flagged(ways(np.random.default_rng(seed), fooled=6))
        right, wrong = right + off[:6].sum(), wrong + off[6:].sum()
    assert right >= 0.9 * 120
    assert wrong <= 2
    noted = natural_path.measure(seen(ways(np.random.default_rng(0), fooled=6))).notes
    assert noted[0].startswith("FLAGGED, off the natural path")
    assert not any("FLAGGED" in note for note in noted[6:])


def test_where_photographs_have_no_way_of_their_own_nothing_is_flagged() -> None:
    claims = sum(bool(flagged(ways(np.random.default_rng(seed), same=False)).any()) for seed in range(60))
    assert clopper_pearson(claims, 60).low <= 0.05


@pytest.mark.parametrize("families", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_pictures_that_go_any_way_are_claimed_in_at_most_five_per_cent(families: int) -> None:
    rng = np.random.default_rng(2)
    shown = seen(ways(rng))
    claims = 0
    for _ in range(families):
        path = ways(rng, fooled=UNITS)
        claims += bool((natural_path.measure(replace(shown, recorded={**shown.recorded, "way": path})).q <= 0.05).any())
    assert clopper_pearson(claims, families).low <= 0.05
    deranged = replace(ways(rng), picture=np.roll(ways(rng).picture, 1, axis=2))
    assert not (natural_path.measure(replace(shown, recorded={**shown.recorded, "way": deranged})).q <= 0.05).any()


def test_a_first_site_has_no_way() -> None:
    none = np.zeros((0, UNITS, UNITS), np.float32)
    found = natural_path.measure(seen(Path((), none, none)))
    assert not found.tested.any()
    assert set(found.notes) == {"there is no site before it"}
    assert natural_path.confounds(seen(Path((), none, none)), found) == {"units flagged": 0.0}


def test_what_hardly_varies_in_photographs_does_not_lead_pictures_astray() -> None:
    """Four units that photographs leave at rest, and of which a picture has a little: the way is still that of the others."""
    rng = np.random.default_rng(0)
    seen = rng.standard_normal((24, 6)).astype(np.float32)
    steady = 1e-3 * rng.standard_normal((24, 4)).astype(np.float32)
    index = np.arange(24).reshape(2, 6, 2)
    responses = np.stack([np.isin(np.arange(24), index[:, :, unit]) for unit in (0, 1)], axis=1).astype(float)
    shown = np.stack([seen[index[:, :, unit].ravel()].mean(axis=0) for unit in (0, 1)])
    off = 0.5 * rng.standard_normal((2, 4)).astype(np.float32)
    alone = _alike(seen, shown, index, responses)[0]
    beside = _alike(np.concatenate([seen, steady], axis=1), np.concatenate([shown, off], axis=1), index, responses)[0]
    np.testing.assert_allclose(np.diagonal(beside), np.diagonal(alone), atol=0.05)


def planted_way(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eight units that read one hidden unit each, patches of a few things at once, and which patches drive each unit most in either half."""
    seen = rng.uniform(0, 1, (160, 20)) * (rng.uniform(size=(160, 20)) < 0.3) + 0.1 * rng.standard_normal((160, 20))
    responses = np.maximum(seen[:, :8], 0)
    halves = [np.arange(160)[half::2] for half in (0, 1)]
    index = np.stack([rows[np.argsort(responses[rows], axis=0)[-6:]] for rows in halves])
    return seen.astype(np.float32), responses, index


def test_a_way_is_what_goes_with_the_response_and_not_what_is_there_by_chance() -> None:
    seen, responses, index = planted_way(np.random.default_rng(3))
    pictures = np.zeros((8, 20), np.float32)
    pictures[np.arange(8), np.arange(8)] = 1
    pictures[:4] = np.roll(pictures[:4], 12, axis=1)
    alike, natural = _alike(seen, pictures, index, responses)
    path = Path(("before",), alike[None], natural[None])
    found = coherence(path)[0]
    assert (found[4:] > 0.7).all()
    assert (np.abs(found[:4]) < 0.35).all()
    np.testing.assert_array_equal(flagged(path), [True] * 4 + [False] * 4)
    ways = []
    for rows in map(np.unique, index):
        covariances = [[np.cov(responses[rows, unit], seen[rows, hidden])[0, 1] for hidden in range(20)] for unit in range(8)]
        ways.append(np.array(covariances) / seen.std(axis=0))
    for one, other in ((0, 0), (2, 5), (5, 2)):
        cosines = [ways[half][one] @ ways[1 - half][other] for half in (0, 1)]
        lengths = [np.linalg.norm(ways[half][one]) * np.linalg.norm(ways[1 - half][other]) for half in (0, 1)]
        assert natural[one, other] == pytest.approx(np.mean(np.array(cosines) / lengths), abs=1e-5)


def test_what_all_pictures_have_in_common_does_not_count_and_one_that_hardly_does_anything_is_not_near() -> None:
    seen, responses, index = planted_way(np.random.default_rng(4))
    pictures = np.eye(8, 20, dtype=np.float32)
    alike = _alike(seen, pictures, index, responses)[0]
    shared = np.where(np.arange(20) >= 8, 0.5, 0).astype(np.float32)
    np.testing.assert_allclose(_alike(seen, pictures + shared, index, responses)[0], alike, atol=1e-5)
    faint = _alike(seen, 0.02 * pictures, index, responses)[0]
    assert (np.diagonal(faint) < 0.2 * np.diagonal(alike)).all()
