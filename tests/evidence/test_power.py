from __future__ import annotations

import numpy as np
import pytest

import optogram as og
from optogram.evidence._power import HEADING, power_lines, power_table
from optogram.evidence._view import Patches, SiteView, similarity
from optogram.evidence.identification import identification
from optogram.statistics.power import Power, plan
from optogram.zoo._planted import planted


@pytest.fixture(scope="module")
def table() -> dict[str, Power]:
    return power_table(planted(1).network, og.open_images(np.zeros((300, 32, 32), np.uint8)))


def test_every_site_with_rivals_has_its_plan(table: dict[str, Power]) -> None:
    assert set(table) == {site.address for site in planted(1).network.sites() if site.units > 1}
    assert table["templates"] == plan(300, 10, 39, kinds=2), "both kinds of twin, as `judge` makes them"
    assert power_table(planted(1).network, og.open_images(np.zeros((1200, 8, 8), np.uint8)), ["templates"])["templates"].photographs == 1000


def test_the_lines_say_what_so_many_twins_allow(table: dict[str, Power]) -> None:
    lines = power_lines(table)
    assert lines[0] == HEADING
    assert f"{table['templates'].rate:.2f} ({table['templates'].rate_together:.2f}) of line-ups of 10 won" in lines[1]
    few = power_table(planted(1).network, og.open_images(np.zeros((300, 32, 32), np.uint8)), ["templates"], twins=5)
    assert "no family: 5 twins are too few" in power_lines(few)[1]


def test_a_site_that_the_table_promises_is_found() -> None:
    """Units whose exemplars correlate with them by what the plan asks of all together: most are found by the claim itself."""
    from types import SimpleNamespace

    rng = np.random.default_rng(0)
    photographs, units = 160, 16
    found = []
    for _ in range(3):
        features = rng.standard_normal((photographs * 2, 40))
        directions = rng.standard_normal((40, units)) / np.sqrt(40)
        responses = features @ directions + rng.standard_normal((photographs * 2, units))
        photograph = np.repeat(np.arange(photographs), 2)
        view = SiteView(
            SimpleNamespace(address="site", units=units),
            responses.astype(np.float32),
            Patches(similarity(features.astype(np.float32)), photograph % 2, photograph),
        )
        one = identification.measure(view)
        rate = identification.families(one, []).observed
        found.append((rate, float((one.q <= 0.05).mean())))
    promised = plan(photographs, units, 39, probes=2).rate_together
    assert all(share >= 0.5 for rate, share in found if rate >= promised)
    assert any(rate >= promised for rate, _ in found), "the simulation reaches what the plan asks for"
