from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from optogram.errors import SettingError
from optogram.lab._recovery import ACCESSES
from optogram.lab.greybox import KINDS, GreyboxResult, _easier, greybox, middle
from optogram.zoo._planted import planted


@pytest.fixture(scope="module")
def found(quick: Callable[[str], Any]) -> GreyboxResult:
    found: GreyboxResult = quick("greybox").result
    return found


def took(found: GreyboxResult, kind: str) -> dict[str, float]:
    return {access: middle(row) for access, row in zip(ACCESSES, found.queries[KINDS.index(kind)], strict=True)}


def test_each_step_of_access_takes_fewer_queries(found: GreyboxResult) -> None:
    """Counted spikes take more than exact answers, those more than equations, those more than gradients; weights take none and are right."""
    planted_took = took(found, "planted")
    assert planted_took["gradients"] < 8 < planted_took["equations"] < planted_took["spikes"]
    assert planted_took["noise"] < planted_took["spikes"]
    assert 145 < planted_took["equations"] < 2.6 * 145, "as many equations as unknowns, about half of the pictures being one"
    assert found["planted_weights"] == found.read[0] == pytest.approx(1, abs=1e-4)
    assert found["planted_easier"] > 50
    real_took = took(found, "real")
    assert real_took["gradients"] < 16 < real_took["noise"] < real_took["spikes"]


def test_what_is_found_is_the_planted_unit(found: GreyboxResult) -> None:
    truth = planted(1).truth["wave"].ravel()
    templates = {name: found.planted_templates[number] for number, name in enumerate(ACCESSES)}
    for name, place, least in (("noise", -1, 0.85), ("gratings", -1, 0.85), ("equations", -1, 0.999), ("gradients", 8, 0.999)):
        assert np.corrcoef(templates[name][place].ravel(), truth)[0, 1] > least, name
    np.testing.assert_allclose(found.planted_weights.ravel(), truth, atol=1e-6)


def test_other_units_are_not_foretold(found: GreyboxResult) -> None:
    """The control: the template of one unit says nothing of its neighbours, whichever way it was found."""
    for access in ("noise", "gratings", "equations", "gradients", "weights"):
        for kind in ("planted", "real"):
            finding = found.finding(f"{kind}_{access}")
            assert finding.value > 0.8
            assert abs(finding.control or 0) < 0.35


def test_exemplars_say_least_of_a_planted_wave(found: GreyboxResult) -> None:
    assert found["planted_exemplars"] < found["planted_noise"] - 0.2


def test_a_unit_that_is_constant_is_never_known() -> None:
    told = greybox(planted_unit="constant", queries=64, repeats=2, progress=False)
    assert np.isinf(told.queries[0]).all()
    assert np.isnan(told.easier[0]).all()
    assert told["planted_noise"] == told["planted_weights"] == 0
    assert told["planted_easier"] == 1


def test_ratios_have_the_interval_of_a_t_test_on_their_logarithms() -> None:
    """Beside scipy's; where one repeat with spikes did not do, a lower bound without an interval; where another access did not, nothing."""
    took = np.exp(np.random.default_rng(0).normal([[8.0]] + [[4.0]] * 4 + [[6.0]], 0.3, (6, 5)))
    took[3, 2] = np.inf
    easier = _easier(took, 10**6)
    ratio = np.log(took[0] / took[1])
    limits = ttest_1samp(ratio, 0).confidence_interval()
    np.testing.assert_allclose(np.log(easier[1]), [ratio.mean(), limits.low, limits.high])
    assert np.isnan(easier[[0, 3]]).all()
    took[0, 1] = np.inf
    bound = _easier(took, 5000)
    assert np.isnan(bound[:, 1:]).all()
    assert bound[1, 0] == pytest.approx(np.exp(np.log(np.minimum(took[0], 5000) / took[1]).mean()))


def test_how_much_easier_it_is_stands_in_the_findings(found: GreyboxResult) -> None:
    for number, kind in enumerate(KINDS):
        finding, best = found.finding(f"{kind}_easier"), int(np.nanargmax(found.easier[number, :, 0]))
        ratio = found.queries[number, 0] / found.queries[number, best]
        if np.isfinite(ratio).all():
            assert finding.value == pytest.approx(np.exp(np.log(ratio).mean()))
            assert finding.low is not None
            assert finding.low < finding.value < (finding.high or 0)
        else:
            assert finding.low is None
            assert "more than" in finding.sentence
        assert f"{ACCESSES[best]} " in finding.sentence or ACCESSES[best] == "noise"


@pytest.mark.parametrize("given", [{"queries": 10}, {"repeats": 1}, {"spikes": 0.0}, {"planted_unit": "wav"}])
def test_settings_that_say_nothing_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        greybox(**given, progress=False)


def test_pictures_are_drawn(found: GreyboxResult) -> None:
    assert set(found.pictures()) == {"queries", "easier", "planted", "real"}
