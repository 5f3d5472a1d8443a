from __future__ import annotations

from tests.atlas.judgements import NAN, evidence, rows, site

from optogram.atlas.findings import findings, opening
from optogram.evidence._result import Evidence

GOOD = site("good", [("stands", 0.4), ("stands", 0.7), ("leans", 0.9), ("not tested", NAN)], identified=3)
RICH = site("rich", [("can't tell", 0.1)] * 5, identified=4, gate_open=False)
CAUGHT = [rows("poor", 0, "salmon", 0.8), rows("poor", 1, "salmon", 0.9, own_q=0.4)]
POOR = (site("poor", [("salmon", 0.8), ("salmon", 0.9)], gate_open=False)[0], CAUGHT)


def test_three_plain_findings_with_their_counts() -> None:
    best, salmon, closed = findings(evidence([RICH, POOR, GOOD]))
    assert best.text.startswith("Best site good: 3 of 4 units")
    assert "2 beyond what an untrained network would show" in best.text
    assert salmon.text.startswith("Salmon: 2 units")
    assert "1 of them pass the test against wrong photographs" in salmon.text
    assert salmon.address == "poor:0", "poor:1 has the greater effect and fails its own test: it convinces nobody"
    assert salmon.text.endswith("try poor:0")
    assert closed.text == "Whole sites: at 2 of 3 no more units are picked out than in untrained twins (rich, poor)"


def test_the_best_site_has_the_most_that_stand_then_the_most_told_apart() -> None:
    fewer = site("fewer", [("stands", 0.9), ("leans", 0.9)], identified=2)
    assert "Best site good" in findings(evidence([fewer, GOOD]))[0].text
    none = [site("a", [("leans", 0.1)] * 3, identified=1), site("b", [("leans", 0.1)] * 3, identified=2)]
    assert "Best site b: 2 of 3 units" in findings(evidence(none))[0].text


def test_what_is_not_there_is_not_told() -> None:
    assert findings(None) == []
    assert findings(evidence([])) == []
    assert [one.text[:9] for one in findings(evidence([GOOD]))] == ["Best site"]


def test_a_salmon_that_passes_nothing_is_named_as_such() -> None:
    quiet = site("a", [("salmon", 0.3)])[0], [rows("a", 0, "salmon", 0.3, own_q=0.6)]
    assert "none passes any test: try a:0" in findings(evidence([quiet]))[1].text


def test_another_claims_families_are_not_counted() -> None:
    other = site("good", [("salmon", 0.99)] * 4, claim="selectivity", gate_open=False, identified=4)
    found = evidence([GOOD, other])
    assert [one.text for one in findings(found)] == [one.text for one in findings(evidence([GOOD]))]
    assert opening(found) == ["good:1"]


def test_the_viewer_opens_on_the_best_believed_beside_the_loudest_salmon() -> None:
    assert opening(evidence([RICH, POOR, GOOD])) == ["good:1", "poor:1"]
    assert opening(evidence([RICH, POOR])) == ["rich:0", "poor:1"], "what nobody can tell, where nothing is believed"
    assert opening(evidence([POOR])) == ["poor:1"]
    assert opening(None) == []


def test_a_stronger_verdict_wins_over_a_greater_effect() -> None:
    found: Evidence = evidence([site("a", [("leans", 0.99), ("stands", 0.01), ("can't tell", 1.0)])])
    assert opening(found) == ["a:1"]


def test_the_pair_is_of_the_best_site_though_another_has_the_greatest_effect() -> None:
    loud = site("loud", [("stands", 9.0), ("salmon", 8.0)], identified=1)
    best = site("best", [("stands", 0.4), ("stands", 0.7), ("salmon", 0.1), ("salmon", 0.2)], identified=2)
    assert opening(evidence([loud, best])) == ["best:1", "best:3"]
