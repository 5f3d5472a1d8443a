from __future__ import annotations

from pathlib import Path

import numpy as np

from optogram.evidence._claim import Measured
from optogram.evidence._twins import TwinMeasure, _read, _write, claims_of_twins, spread_of


def twin(effect: np.ndarray, p: np.ndarray, parts: dict[str, np.ndarray] | None = None) -> TwinMeasure:
    return TwinMeasure(Measured(effect, p, np.zeros(len(p), np.int64), 99, 0.01, parts or {}), 0.5, 3.25, 1.5)


def adjusted(p: np.ndarray) -> list[float]:
    """Benjamini-Hochberg, a hypothesis at a time."""
    ranked = sorted(p)
    return [min(1.0, *(len(p) * ranked[k] / (k + 1) for k in range(len(p)) if ranked[k] >= own)) for own in p]


def test_twins_are_claimed_of_by_the_same_rules() -> None:
    """Slowly: each twin against all others, its gates over two sites, its units against theirs; one twin in 24 is planted."""
    rng = np.random.default_rng(0)
    families = [rng.uniform(size=24) + 5 * (np.arange(24) == 2) for _ in range(2)]
    sites = [[twin(rng.standard_normal(9) + 5 * (n == 2), rng.uniform(0.01, 0.03, 9)) for n in range(24)] for _ in range(2)]
    identified, stands = claims_of_twins(families, sites, 0.05)
    for number in range(24):
        gates = [(1 + sum(f[i] >= f[number] for i in range(24) if i != number)) / 24 for f in families]
        worst = max(gates)
        for index, site in enumerate(sites):
            gate = worst if gates[index] == worst else min(2 * gates[index], worst)
            own = site[number].found
            pool = [effect for i, other in enumerate(site) if i != number for effect in other.found.effect]
            q = adjusted(np.array([(1 + sum(effect >= value for effect in pool)) / (1 + len(pool)) for value in own.effect]))
            passed = [value <= 0.05 for value in adjusted(own.p)]
            assert identified[index][number] == sum(passed)
            assert stands[index][number] == (sum(a and b <= 0.05 for a, b in zip(passed, q, strict=True)) if gate <= 0.05 else 0)
    assert all(site[2] > 0 for site in stands), "the planted twin is claimed of"


def test_a_twin_is_claimed_of_where_it_is_beyond_those_of_either_kind() -> None:
    rng = np.random.default_rng(0)
    kinds = [("reinit", "shuffle")[number % 2] for number in range(43)]
    measures = [[twin(rng.standard_normal(9) + 5 * (n in (2, 3)), np.full(9, 0.01)) for n in range(43)]]
    for planted in (2, 3):
        statistic = rng.uniform(size=43) + 5 * (np.arange(43) == planted)
        assert claims_of_twins([statistic], measures, 0.05, kinds)[1][0][planted] > 0
    second = rng.uniform(size=43) + 5 * (np.arange(43) == 2) + 6 * (np.arange(43) == 4)
    assert claims_of_twins([second], measures, 0.05, kinds)[1][0][2] == 0, "another of its kind does as well"
    assert claims_of_twins([second], measures, 0.05)[1][0][2] > 0, "of 42 of one kind one may"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    keys = {("layer1.0", "identification"): None, ("layer1.0|odd", "alive"): None}
    found = {key: twin(rng.standard_normal(4), rng.uniform(size=4), {"rank": rng.integers(1, 9, 4), "count": np.full(4, 9)}) for key in keys}
    found["layer1.0", "identification"].found.effect[2] = np.nan
    _write(tmp_path / "deeper" / "twin.npz", found)
    again = _read(tmp_path / "deeper" / "twin.npz", keys)
    for key, one in found.items():
        assert (again[key].alive, again[key].participation, again[key].spread) == (0.5, 3.25, 1.5)
        assert (again[key].found.draws, again[key].found.floor) == (99, 0.01)
        for name in ("effect", "p", "at_least"):
            np.testing.assert_array_equal(getattr(again[key].found, name), getattr(one.found, name))
        assert set(again[key].found.parts) == {"rank", "count"}
        np.testing.assert_array_equal(again[key].found.parts["rank"], one.found.parts["rank"])
    assert [path.name for path in (tmp_path / "deeper").iterdir()] == ["twin.npz"], "nothing half written is left"


def test_spread_is_the_median_over_units() -> None:
    responses = np.array([[0.0, 1.0, 5.0], [2.0, 1.0, -5.0]], np.float32)
    assert spread_of(responses) == 1.0
