"""Evidence in a notebook: each effect with its interval on the distribution of the twins' units."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from PIL import Image

from optogram.evidence._notebook import MOST, as_html
from optogram.evidence._result import Evidence, Row, SiteClaim
from optogram.result import Provenance

EFFECTS = np.arange(20, dtype=float).reshape(2, 10) / 20
"""Of twins' units: 0 to .95."""


def row(unit: int, effect: float, verdict: str = "stands", **changes: object) -> Row:
    known = {"unit": f"a:{unit}", "site": "a", "index": unit, "claim": "alive", "viewer": "bank", "null": "twins", "effect": effect, "p": 0.01}
    told = {"low": effect - 0.1, "high": effect + 0.1, "q": 0.02, "floor": 0.0, "count": 0, "draws": 20}
    told |= {"verdict": verdict, "sentence": "So <it> is."}
    return Row(**{**known, **told, **changes})  # type: ignore[arg-type]


def evidence(rows: list[Row], effects: np.ndarray = EFFECTS) -> Evidence:
    family = SiteClaim(
        "a", "alive", "alive", "share", "bank", 0.5, 9, len(rows), len(rows), 0.7, np.array([0.4, 0.5]), 0.3, False, ("reinit",), effects,
        "not tested", 0, (0, 0), (0, 0),
    )  # fmt: skip
    return Evidence(tuple(rows), (family,), Provenance("judge", "net", "00"))


def test_a_row_a_unit_with_effect_interval_and_its_place_among_twins() -> None:
    page = as_html(evidence([row(0, 0.7), row(1, 0.2, "salmon")]))
    assert re.findall(r"<td>(a:\d)</td>", page) == ["a:0", "a:1"]
    assert "<td>0.70 [0.60, 0.80]</td>" in page
    assert "a:0: 0.70; 6 of 20 units of untrained twins have as much" in page
    assert "a:1: 0.20; 16 of 20 units of untrained twins have as much" in page
    assert 'title="So &lt;it&gt; is."' in page
    first, second = (np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for data in re.findall(r"base64,([^\"]+)", page))
    assert first.shape == second.shape
    assert not np.array_equal(first, second)


def test_few_rows_are_shown_and_all_are_counted() -> None:
    page = as_html(evidence([row(unit, 0.5) for unit in range(30)]))
    assert page.count("<img") == MOST
    assert f"The first {MOST} of 30 by verdict." in page


def test_what_twins_say_nothing_of_has_no_plot_and_what_was_not_tested_no_row() -> None:
    alone = as_html(evidence([row(0, 0.7, null="labels", low=np.nan, high=np.nan)], np.full((2, 10), np.nan)))
    assert "<td>0.70</td>" in alone
    assert "<img" not in alone
    untested = evidence([row(unit, np.nan, "not tested", sentence="Not tested: too few photographs.") for unit in range(3)])
    assert "<table" not in as_html(untested)
    assert str(untested).endswith("3 not tested; Not tested: too few photographs.")
    assert untested.figure().size[0] > 100, "a figure that says so"
