"""What pages say in words and figures: alternatives to pictures are Python's own, and no impossible figure is printed on any page."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from optogram.atlas.alt import exemplar_alt, picture_alt
from optogram.atlas.open import open_atlas
from optogram.geometry import Box

pytestmark = pytest.mark.browser

PRINTED = r"p ([<.\d]+), q ([<.\d]+), least possible ([<.\d]+)"
COUNTED = r"([\d,]+) of ([\d,]+) (?:units of \d+ untrained twins|shuffled labels) do as well"

TURN = """async (pages) => {
  const said = []
  const foot = () => document.querySelector('footer')?.innerText ?? ''
  const told = (network, site, unit) => [`unit = ${unit};`, `-${site}/`].every(part => foot().includes(part))
  const came = (network, site, unit) => told(network, site, unit) && foot().includes('untrained twin') === network.includes('twin')
  for (const [network, site, unit] of pages) {
    location.hash = `#/${network}/${site}/${unit}`
    for (let tries = 0; !came(network, site, unit); tries++) {
      if (tries > 4000) throw new Error(`${network}/${site}/${unit} did not come: ${foot()}`)
      await new Promise(requestAnimationFrame)
    }
    for (const claim of document.querySelectorAll('.claim')) {
      const dots = [...claim.querySelectorAll('.dot')].map(dot => +dot.getAttribute('cx'))
      const line = +(claim.querySelector('.observed')?.getAttribute('x1') ?? Infinity)
      const words = (selector) => [...claim.querySelectorAll(selector)].map(one => one.textContent).join('; ')
      said.push({ where: location.hash, text: words('p'), table: words('td'), dots: dots.length, beyond: dots.filter(x => x >= line).length })
    }
  }
  return said
}"""


def _figure(text: str) -> float:
    return 0.0 if text.startswith("<") else float(text)


@pytest.mark.slow
def test_no_impossible_figure_is_printed_on_five_hundred_pages(look: Any, planted: Any) -> None:
    """Read off the pages themselves: floor <= p <= q, p is that of the counts, as many dots lie beyond the line, and few draws show little."""
    page = look("#/tiny")
    manifest = json.loads((planted.root / "manifest.json").read_text())
    pages = [(network["name"], site["slug"], unit) for network in manifest["networks"] for site in network["sites"] for unit in range(site["units"])]
    assert len(pages) >= 500
    said = page.evaluate(TURN, pages)
    assert len(said) == 2 * len(pages)
    few = 0
    for one in said:
        assert "contradicts" not in one["text"], one
        printed, counted = re.search(PRINTED, one["table"]), re.search(COUNTED, one["text"])
        if printed is None:
            assert "Not tested" in one["text"], one
            continue
        p, q, floor = map(_figure, printed.groups())
        assert floor <= p <= q <= 1, one
        assert counted, one
        count, draws = (int(number.replace(",", "")) for number in counted.groups())
        assert p == pytest.approx((1 + count) / (1 + draws), abs=0.0051), one
        if draws <= 19:
            few += 1
            assert q >= 0.05, one
        if one["dots"]:
            assert one["dots"] == 50
            assert abs(one["beyond"] / 50 - count / draws) <= 2 / 50, one  # the values miss by one dot at most; where they are stacked, by two
    assert few >= 30


@pytest.mark.parametrize(("column", "value"), [("floor", 0.9), ("q", 0.001)])
def test_a_p_under_its_floor_and_a_q_under_its_p_are_a_sentence(look: Any, planted: Any, own_server: str, column: str, value: float) -> None:
    """No build writes such a table; one that was changed afterwards loses the claim, in place, and keeps its pictures."""
    page = look("#/-/about")
    table = open_atlas(planted.root).table("conv1", "evidence")
    changed = pa.array(
        [value if row["unit"] == 1 and row["null"] == "twins" else row[column] for row in table.to_pylist()], table.schema.field(column).type
    )
    sink = io.BytesIO()
    pq.write_table(table.set_column(table.schema.get_field_index(column), table.schema.field(column), changed), sink, compression="snappy")
    page.route("**/000-conv1/evidence-*.parquet", lambda route: route.fulfill(body=sink.getvalue()))
    page.evaluate("location.hash = '#/tiny/conv1/1'")
    page.get_by_text("This row contradicts itself").wait_for()
    assert page.locator(".claim").first.locator("svg").count() == 0
    assert page.locator(".claim").last.locator("svg").count() == 1
    assert page.locator(".pair .cell").count() > 0
    page.evaluate("location.hash = '#/tiny/conv1/0'")
    page.locator(".claim svg").first.wait_for()
    assert page.get_by_text("contradicts itself").count() == 0


def test_alternatives_are_made_by_the_function_that_python_uses(look: Any, planted: Any) -> None:
    atlas = open_atlas(planted.root)
    rows = [row for row in atlas.table("conv1", "exemplars").to_pylist() if row["unit"] == 0]
    page = look("#/tiny/conv1/0")
    for key, kind, quantile in (("7", "top", None), ("3", "quantile", 0.25), ("1", "bottom", None)):
        page.keyboard.press(key)
        chosen = [row for row in rows if row["kind"] == kind and (quantile is None or abs(row["quantile"] - quantile) < 1e-6)]
        expected = [
            exemplar_alt(
                "conv1:0", kind, row["rank"], 9, row["photo"], Box(row["top"], row["left"], row["bottom"], row["right"]), row["activation"], quantile
            )
            for row in chosen
        ]
        own = page.locator(".pair figure").first.get_by_role("img")
        own.and_(page.get_by_label(expected[0], exact=True)).wait_for()
        assert sorted(own.evaluate_all("all => all.map(one => one.ariaLabel)")) == sorted(expected)
    unit = next(row for row in atlas.table("conv1").to_pylist() if row["unit"] == 0)
    made = [picture_alt("conv1:0", seed, 128, "converged", reached, unit["greatest"]) for seed, reached in enumerate(unit["picture_activations"])]
    assert page.locator(".pair figure").last.get_by_role("img").evaluate_all("all => all.map(one => one.ariaLabel)") == made
    sentence = planted.row("conv1", 0).sentence
    assert page.locator(".claim svg[role=img]").first.get_attribute("aria-label") == sentence
    assert page.locator(".claim table").first.locator("tr").count() >= 2


def test_what_is_exported_of_a_twin_is_called_untrained(look: Any) -> None:
    page = look("#/-/hypothesis?of=tiny%3Atwin0%2Fconv1%2F0")
    page.get_by_label("What it likes").fill("even ones")
    page.locator(".marks button[data-photo]").first.click()
    names = []
    for kind in ("marks as CSV", "all as JSON"):
        with page.expect_download() as kept:
            page.get_by_role("button", name=kind).click()
        names.append(kept.value.suggested_filename)
    page.evaluate("location.hash = '#/-/quiz?network=tiny%3Atwin0&site=conv1'")
    page.get_by_text("Trial 1 of").wait_for()
    assert "untrained twin 0" in page.locator("header").inner_text()
    assert all(name.startswith("untrained-twin-0-") for name in names), names


@pytest.mark.parametrize("width", [320, 390])
def test_targets_are_large_enough_for_a_finger(look: Any, width: int) -> None:
    """A finger that misses a control's middle by 21 pixels up or down still meets it."""
    page = look("", width, 800, has_touch=True, is_mobile=True)
    assert page.evaluate("matchMedia('(pointer: coarse)').matches")
    small = {}
    for address in (
        "#/tiny",
        "#/tiny/conv1?sel=0,1",
        "#/tiny/conv1/0",
        "#/-/compare",
        "#/-/labs/folding",
        "#/-/quiz?site=conv1",
        "#/-/hypothesis?of=tiny%2Fconv1%2F0",
    ):
        page.evaluate("hash => { location.hash = hash }", address)
        page.wait_for_timeout(300)
        if found := page.evaluate(TARGETS):
            small[address] = found
    assert small == {}


TARGETS = """() => [...document.querySelectorAll('button, select, input:not([type=range], [type=checkbox])')]
  .filter(one => one.offsetParent !== null && !one.disabled)
  .map(one => {
    one.scrollIntoView({ block: 'center' })
    const box = one.getBoundingClientRect()
    const at = (y) => document.elementFromPoint(box.x + box.width / 2, y)
    const middle = box.y + box.height / 2
    return [one.outerHTML.slice(0, 90), [-21, 0, 21].every(off => one.contains(at(middle + off)))]
  })
  .filter(([, hit]) => !hit)"""
