from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.atlas.judgements import NAN, evidence, rows, site

from optogram.atlas.judged import default_order, dots_of, evidence_rows, leading, summaries
from optogram.errors import AtlasError

TOLD = [("salmon", 0.9), ("stands", 0.2), ("not tested", NAN), ("stands", 0.5), ("can't tell", 0.1), ("leans", 0.3), ("salmon", 0.95)]
FOUND = evidence([site("a", TOLD, identified=3), site("b", [("leans", 0.1)])])


def test_the_default_order_is_by_verdict_then_by_effect() -> None:
    assert default_order(leading(FOUND, "a"), 8) == [3, 1, 5, 4, 6, 0, 2, 7]
    assert default_order({}, 4) == [0, 1, 2, 3], "without evidence as they come"


def test_the_leading_row_is_the_one_against_twins_of_the_leading_claim() -> None:
    found = evidence([site("a", TOLD), site("a", [("stands", 0.99)] * 7, claim="selectivity"), site("b", [("leans", 0.1)])])
    for index, row in leading(found, "a").items():
        assert (row.claim, row.null, row.index) == ("identification", "twins", index)
        assert row.verdict == TOLD[index][0]
    alone = evidence([site("a", [("stands", 0.99)], claim="selectivity")])
    assert leading(alone, "a")[0].claim == "selectivity"
    without = replace(FOUND, rows=tuple(row for row in FOUND.rows if row.null != "twins"))
    assert leading(without, "a")[1].null == "wrong pictures"
    assert leading(None, "a") == {}


def test_the_table_holds_every_row_of_its_site_and_no_other() -> None:
    table = evidence_rows(FOUND, "a")
    own = [row for row in FOUND.rows if row.site == "a"]
    assert table["unit"] == [row.index for row in own] == [index for index in range(7) for _ in range(2)]
    assert table["null"] == ["wrong pictures", "twins"] * 7
    assert np.array_equal(table["q"], [row.q for row in own], equal_nan=True)
    assert {len(column) for column in table.values()} == {14}


@pytest.mark.parametrize("wrong", [{"p": 0.001}, {"q": 0.001}, {"floor": 0.9}])
def test_figures_that_contradict_each_other_become_no_page(wrong: dict[str, float]) -> None:
    family, units = site("a", TOLD)
    units[1] = [units[1][0], replace(units[1][1], **wrong)]
    with pytest.raises(AtlasError, match=r"a:1, identification, twins: floor .* does not hold"):
        evidence_rows(evidence([(family, units)]), "a")


def test_a_summary_spans_effects_twins_and_chance_and_counts_verdicts() -> None:
    (told,) = summaries(FOUND, "a")
    assert (told.low, told.high) == (-1, 1), "the twins' effects reach farther than the units'"
    assert told.verdicts == {"stands": 2, "leans": 1, "can't tell": 1, "salmon": 2, "not tested": 1}
    assert list(told.verdicts) == ["stands", "leans", "can't tell", "salmon", "not tested"]
    assert (told.tested, told.identified, told.twin_identified) == (6, 3, [1, 2, 0])
    assert told.confounds == {"spread": 1.5}, "what is not a number is left out: JSON has none"
    assert told.null is not None
    assert told.null.families == [0.2, 0.3]
    assert told.null.twins == 3
    effects = FOUND.family("a", "identification").effects
    assert told.null.ticks == pytest.approx([np.nanmedian(row) for row in effects])
    assert len(told.null.dots) == 50
    assert summaries(None, "a") == []
    assert len(summaries(FOUND, "b")) == 1


def test_fifty_dots_stand_for_equal_shares_of_the_null() -> None:
    null = np.random.default_rng(0).normal(size=(20, 51))
    null[3, 7] = NAN
    dots = np.array(dots_of(null))
    finite = np.sort(null[np.isfinite(null)])
    below = np.searchsorted(finite, dots, side="right") / len(finite)
    assert np.allclose(below, (np.arange(50) + 0.5) / 50, atol=1 / len(finite) + 1e-9)
    assert dots_of(np.full((2, 2), NAN)) == []


def test_a_family_without_a_statistic_has_no_null() -> None:
    family, units = site("a", TOLD)
    for change in ({"observed": NAN}, {"families": np.array([]), "effects": np.empty((0, 7))}, {"gate_p": NAN}):
        (told,) = summaries(evidence([(replace(family, **change), units)]), "a")
        assert told.null is None


def test_rows_of_hand_are_what_rows_are() -> None:
    """The helper's own promise, which the tests above lean on."""
    own, twins = rows("a", 3, "stands", 0.4)
    assert own.floor <= own.p <= own.q
    assert twins.floor <= twins.p <= twins.q


def test_dots_that_tell_another_count_become_no_page() -> None:
    whole, units = site("a", [("salmon", 0.2), ("salmon", -0.4), ("can't tell", 0.9)])
    assert evidence_rows(evidence([(whole, units)]), "a")["count"]
    wrong = [[own, replace(twins, count=twins.draws - twins.count)] for own, twins in units]
    with pytest.raises(AtlasError, match="dots lie beyond"):
        evidence_rows(evidence([(whole, wrong)]), "a")
