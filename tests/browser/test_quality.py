"""Bars that every view must pass: accessibility, first load, widths from a phone's to 4K, no motion, a frugal grid, flat memory."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.browser.waiting import until

pytestmark = pytest.mark.browser

VIEWS = {
    "atlas": "#/",
    "network": "#/tiny",
    "grid": "#/tiny/conv1?sel=0,1",
    "filtered": "#/tiny/conv1?in=planted.effect%3A0.3..0.8&sort=-planted.effect",
    "table": "#/tiny/conv1?as=table",
    "unit": "#/tiny/conv1/1",
    "whole": "#/tiny/conv1/0?whole=yes&show=q50",
    "twin": "#/tiny:twin0/conv1/0",
    "dead": "#/tiny/fc/dead",
    "photograph": "#/tiny/-/photo/folder~2Fphoto~200.jpg?at=20,20",
    "salmon": "#/tiny/-/salmon",
    "compare": "#/-/compare?a=tiny%2Fconv1%2F0&b=tiny%3Atwin0%2Fconv1%2F0",
    "networks": "#/-/compare?a=tiny&b=tiny%3Atwin0",
    "labs": "#/-/labs",
    "folding": "#/-/labs/folding?at=3",
    "convolution": "#/-/labs/convolution?stride=2",
    "templates": "#/-/labs/templates",
    "noise": "#/-/labs/noise",
    "tuning": "#/-/labs/tuning?sweep=yes",
    "quiz": "#/-/quiz?site=conv1",
    "hypothesis": "#/-/hypothesis?of=tiny%2Fconv1%2F0",
    "about": "#/-/about",
}


def _go(page: Any, address: str) -> None:
    page.evaluate("hash => { location.hash = hash }", address)
    page.wait_for_timeout(150)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_view_has_a_serious_accessibility_fault(look: Any, serious: Callable[[Any], list[str]], theme: str) -> None:
    page = look("", 1280, 900, color_scheme=theme)
    found = {}
    for name, address in VIEWS.items():
        _go(page, address)
        if bad := serious(page):
            found[name] = bad
        if name in ("grid", "table", "unit", "about"):
            page.keyboard.press("?")
            page.get_by_role("dialog").wait_for()
            if bad := serious(page):
                found[f"{name} with the help open"] = bad
            page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("conv1:1")
    page.get_by_role("search").get_by_role("link").first.wait_for()
    if bad := serious(page):
        found["search"] = bad
    assert found == {}


def test_the_checker_finds_a_planted_fault(look: Any, serious: Callable[[Any], list[str]]) -> None:
    page = look("#/tiny/conv1/1")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"data:,\"><p style=\"color:#ccc\">pale</p>')")
    assert {"image-alt", "color-contrast"} <= {found.partition(":")[0] for found in serious(page)}


def test_the_first_load_is_small(look: Any, planted: Any, own_server: str) -> None:
    """Whatever scripts and styles the first page asks for, with the page itself."""
    asked = look().evaluate("performance.getEntriesByType('resource').map(one => one.name).filter(name => /\\.(js|css)$/.test(name))")
    shell = ["index.html", *(name.removeprefix(own_server) for name in asked)]
    assert {"assets/viewer.js", "assets/viewer.css"} <= set(shell)
    assert sum(len(gzip.compress((planted.root / path).read_bytes())) for path in shell) <= 130_000


@pytest.mark.parametrize(("width", "height"), [(320, 640), (1440, 900), (3840, 2160)])
def test_nothing_scrolls_sideways_at_any_width(look: Any, width: int, height: int) -> None:
    page = look("", width, height)
    for name, address in VIEWS.items():
        _go(page, address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.evaluate("document.querySelector('main').getBoundingClientRect().width") <= 1424, name


def test_reduced_motion_moves_nothing(look: Any) -> None:
    page = look("#/tiny/conv1/1", reduced_motion="reduce")
    longest = "Math.max(...[...document.querySelectorAll('*')].map(one => parseFloat(getComputedStyle(one).transitionDuration) || 0))"
    for address in VIEWS.values():
        _go(page, address)
        assert page.evaluate(longest) == 0
        assert page.evaluate("document.getAnimations().length") == 0
    assert look("#/tiny/conv1/1", reduced_motion="no-preference").evaluate(longest) > 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_forced_colours_keep_marks_and_states(look: Any, theme: str) -> None:
    """Where the reader's own colours replace the page's: the legend, a salmon's diamond, the null's dots, what is pressed."""
    page = look("#/tiny", forced_colors="active", color_scheme=theme)
    ground = "getComputedStyle(document.body).backgroundColor"
    colours = page.evaluate(f"[...document.querySelectorAll('.swatch')].map(one => getComputedStyle(one).backgroundColor !== {ground})")
    assert colours[:3] == [True, True, True]  # stands, leans, can't tell
    _go(page, "#/tiny/conv1/1")
    page.wait_for_selector(".rail .diamond")
    assert page.locator(".diamond").first.evaluate(
        f"one => parseFloat(getComputedStyle(one).borderTopWidth) >= 1 && getComputedStyle(one).borderTopColor !== {ground}"
    )
    assert page.locator(".dot").first.evaluate(f"one => getComputedStyle(one).stroke !== {ground}")
    _go(page, "#/tiny/conv1?as=table")
    pressed, not_pressed = (page.locator(f"button[aria-pressed={state}]") for state in ("true", "false"))
    page.get_by_label("sort").select_option("unit")
    width = "one => parseFloat(getComputedStyle(one).borderTopWidth)"
    assert pressed.first.evaluate(width) > not_pressed.first.evaluate(width)


def test_every_number_on_five_hundred_pages_is_possible(look: Any, planted: Any) -> None:
    """By the page's own check, on every unit of every site and of both networks: what it would refuse it says."""
    page = look("#/tiny")
    manifest = json.loads((planted.root / "manifest.json").read_text())
    pages = [(network["name"], site["slug"], unit) for network in manifest["networks"] for site in network["sites"] for unit in range(site["units"])]
    assert len(pages) >= 500
    for network, site, unit in pages[::40]:
        page.evaluate("hash => { location.hash = hash }", f"#/{network}/{site}/{unit}")
        until(page, "unit => document.querySelector('footer')?.innerText.includes(`unit = ${unit}`)", arg=unit)
        assert not page.get_by_text("contradicts").count()
        assert not page.get_by_text("disagree").count()


MOST_SHEETS = 32
"""Decoded sheets that a grid keeps."""

EYES = ("none", "protanopia", "deuteranopia", "tritanopia")


def oklab(colour: np.ndarray) -> np.ndarray:
    """sRGB 0..255 as OKLab (Ottosson 2020)."""
    share = colour / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    cones = np.array(
        [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]]
    )
    mixed = np.array(
        [[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099], [0.0259040371, 0.7827717662, -0.808675766]]
    )
    return np.asarray(mixed @ np.cbrt(cones @ linear))


def ends(page: Any, selector: str) -> dict[str, float]:
    """How far apart the map's lowest row and its highest look to each kind of eye, in a screenshot as the browser simulates it."""
    session, found = page.context.new_cdp_session(page), {}
    element = page.locator(selector).first
    element.scroll_into_view_if_needed()
    for eye in EYES:
        session.send("Emulation.setEmulatedVisionDeficiency", {"type": eye})
        shot = np.asarray(Image.open(io.BytesIO(element.screenshot())).convert("RGB"), float)
        found[eye] = float(np.linalg.norm(oklab(shot[2, 2]) - oklab(shot[-3, 2])))
    session.send("Emulation.setEmulatedVisionDeficiency", {"type": "none"})
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_eye_tells_up_from_down(look: Any, theme: str) -> None:
    """The planted maps fall from one end of the scale to the other; on the photograph's page and among the exemplars."""
    page = look(VIEWS["photograph"].split("?")[0], color_scheme=theme)
    page.wait_for_selector(".maps canvas")
    far = ends(page, ".maps canvas")
    assert min(far.values()) >= 0.2, far
    assert len(set(far.values())) == len(EYES)  # each eye was simulated
    said = [text.split("\n")[1].split(",")[0] for text in page.locator(".maps figcaption").all_inner_texts()]
    assert said[0] == said[1]  # neighbours of one method: one scale, printed
    _go(page, VIEWS["unit"])
    page.wait_for_selector("[aria-labelledby=mapped] canvas")
    assert min(ends(page, "[aria-labelledby=mapped] canvas").values()) >= 0.2


COUNT_SHEETS = """() => {
  window.held = { now: 0, most: 0, made: 0 }
  const make = window.createImageBitmap
  window.createImageBitmap = async (...given) => {
    const sheet = await make.apply(window, given)
    held.made++
    held.most = Math.max(held.most, ++held.now)
    return sheet
  }
  const close = ImageBitmap.prototype.close
  ImageBitmap.prototype.close = function () { held.now--; close.call(this) }
}"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 3840])
def test_ten_thousand_units_scroll_with_few_sheets_and_links_held(look: Any, large: str, width: int) -> None:
    """From end to end, sorted so that cells scatter over all sheets. How long frames take is `benchmarks/viewer.py`'s to say."""
    page = look("#/tiny", width, 900 if width == 1440 else 2160, base=large)
    page.evaluate(COUNT_SHEETS)
    _go(page, "#/tiny/conv1?sort=planted.effect")
    until(page, "held.made > 0")
    end = page.evaluate("document.documentElement.scrollHeight - innerHeight")
    for place in range(11):
        page.evaluate("top => scrollTo(0, top)", end * place / 10)
        page.wait_for_timeout(300)
        assert page.get_by_role("gridcell").count() < 3000
    until(page, "document.querySelector('[data-index=\"9999\"]') !== null")
    held = page.evaluate("held")
    assert held["made"] > MOST_SHEETS  # more than are kept were asked for
    assert held["most"] <= MOST_SHEETS + 1, held  # one is decoded before another is let go
    assert held["now"] <= MOST_SHEETS


@pytest.mark.slow
def test_the_first_pictures_of_a_hundred_thousand_units_ask_for_little(look: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Ten sites of 10,000 units: the page of one asks for that site's tables and the sheets of its first screen alone."""
    from tests.browser.conftest import served
    from tests.browser.large_atlas import write_large

    with served(write_large(tmp_path_factory.mktemp("hundred") / "atlas", sites=10)) as base:
        page = look("#/tiny/wide1", base=base)
        until(page, "document.querySelectorAll('.canvases canvas').length > 0")
        page.wait_for_load_state("networkidle")
        asked = page.evaluate("performance.getEntriesByType('resource').map(one => [one.name, one.encodedBodySize])")
        kinds = Counter(Path(name).name.split("-")[0] for name, _ in asked)
        assert kinds["units"] == kinds["evidence"] == kinds["manifest.json"] == 1, kinds
        assert 1 <= kinds["strongest"] <= 4, kinds
        assert sum(size for _, size in asked) < 3_000_000, asked


TURN = """async (pages) => {
  for (let turned = 0; turned < pages; turned++) {
    const unit = turned % 240
    location.hash = location.hash.replace(/[0-9]+$/, unit)
    for (let tries = 0; !document.querySelector('footer')?.innerText.includes(`unit = ${unit};`); tries++) {
      if (tries > 2000) throw new Error(`unit ${unit} did not come`)
      await new Promise(requestAnimationFrame)
    }
  }
}"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["with ranges", "without ranges"])
def test_a_thousand_unit_pages_leave_the_memory_flat_and_the_page_alive(
    look: Any, own_server: str, plain_server: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then a table cut short and a sheet that is missing: each one sentence, on the page that has turned a thousand times."""
    base = own_server if kind == "with ranges" else plain_server + "deep/my%20atlas/"
    page = look("#/tiny/layer1.0.a_block_with_quite_a_long_name~2Frelu~231/0", base=base)
    heap = page.context.new_cdp_session(page)

    def used() -> float:
        heap.send("HeapProfiler.collectGarbage")
        return float(page.evaluate("performance.memory.usedJSHeapSize"))

    def turn(pages: int) -> None:
        page.evaluate(TURN, pages)

    turn(250)
    first = used()
    turn(750)
    grown = used() - first
    with capsys.disabled():
        print(f"  {kind}: grown by {grown / 1e6:.2f} MB over 750 pages")
    assert grown < 5e6
    page.route("**/evidence-*.parquet", lambda route: route.fulfill(body=b"PAR1 and no more"))
    page.route("**/strongest-*.webp", lambda route: route.fulfill(status=404))
    page.evaluate("location.hash = '#/tiny/conv1/0'")
    page.get_by_text("Its evidence could not be read").wait_for()
    until(page, "document.querySelector('.pair .cell').style.backgroundImage.includes('blob:')")
    page.evaluate("location.hash = '#/tiny/fc'")
    page.get_by_text("sheet of pictures could not be read").wait_for()
    assert page.get_by_role("gridcell").count() == 6
    page.goto("about:blank")  # nothing more is asked for
    look.told[:] = [line for line in look.told if "404" not in line]
