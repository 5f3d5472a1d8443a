"""The viewer in a real browser: the scenes of its design that the first atlas can play."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest
from tests.browser.waiting import until

pytestmark = pytest.mark.browser

ESCAPED = "layer1.0.a_block_with_quite_a_long_name~2Frelu~231"
PAGES = ["", "#/tiny", f"#/tiny/{ESCAPED}", "#/tiny/conv1?as=table", "#/tiny/conv1/0", f"#/tiny/{ESCAPED}/5", "#/tiny/fc/dead"]
PAGES += ["#/tiny:twin0/fc/great~20white~20shark", "#/tiny/-/photo/folder~2Fphoto~200.jpg", "#/-/about", "#/tiny/nothing", "#/tiny/conv1/99"]


def _inside(page: Any, selector: str) -> bool:
    box = page.locator(selector).first.bounding_box()
    view = page.viewport_size
    return bool(box) and box["x"] >= 0 and box["y"] >= 0 and box["x"] + box["width"] <= view["width"] and box["y"] + box["height"] <= view["height"]


def _dots(page: Any) -> tuple[int, int]:
    """How many dots are drawn, and how many of them at or beyond the line."""
    places = page.locator(".claim").first.locator("svg .dot").evaluate_all("dots => dots.map(dot => +dot.getAttribute('cx'))")
    line = float(page.locator(".claim").first.locator("svg .observed").get_attribute("x1"))
    return len(places), sum(place >= line for place in places)


def test_a_link_opens_the_same_unit_from_a_sub_folder_of_a_plain_server(look: Any, plain_server: str) -> None:
    page = look("deep/my%20atlas/#/tiny/conv1/0?show=q50", base=plain_server)
    assert page.locator("h1").inner_text() == "conv1:0"
    assert page.title() == "conv1:0 · tiny"
    assert page.get_by_role("radio", checked=True).inner_text().startswith("q50")
    until(page, "document.querySelector('.pair .cell').style.backgroundImage.includes('blob:')")
    assert picture_width(page) == 480


def test_nine_synthesised_pictures_stand_beside_nine_photographs(look: Any) -> None:
    """As many, as large; of a unit with one picture the other cells say what makes nine."""
    page = look("#/tiny/conv1/0")
    own, made = (page.locator(f".pair figure:nth-child({side}) [role=img].cell") for side in (1, 2))
    assert own.count() == made.count() == 9
    alts = made.evaluate_all("cells => cells.map(cell => cell.ariaLabel)")
    assert [f"seed {number}," in alt for number, alt in enumerate(alts)] == [True] * 9
    assert "half of them at least 7× the strongest photograph" in page.locator(".pair figcaption").last.inner_text()
    places = made.evaluate_all("cells => cells.map(cell => cell.style.backgroundPosition)")
    assert places == [f"{x}% {y}%" for y in (0, 50, 100) for x in (0, 50, 100)]
    page.evaluate("location.hash = '#/tiny/conv1/2'")
    page.get_by_text("--seeds 9").wait_for()
    assert made.count() == 1
    assert picture_width(page) == 160


def picture_width(page: Any) -> int:
    """Pixels of the sheet that the unit's synthesised pictures lie on, as the browser decodes it."""
    until(page, "document.querySelector('.pair figure:nth-child(2) .cell').style.backgroundImage.includes('blob:')")
    decoded = """async () => {
      const image = new Image()
      image.src = document.querySelector('.pair figure:nth-child(2) .cell').style.backgroundImage.slice(5, -2)
      await image.decode()
      return image.naturalWidth
    }"""
    return int(page.evaluate(decoded))


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720), (390, 844)])
@pytest.mark.parametrize("unit", [0, 1])
def test_the_evidence_stands_in_the_first_screen(look: Any, width: int, height: int, unit: int) -> None:
    page = look(f"#/tiny/conv1/{unit}", width, height)
    for selector in ("h1", ".verdict p", ".pair figure:nth-child(1) .cells", ".pair figure:nth-child(2) .cells", ".claim svg", ".ruler"):
        assert _inside(page, selector), selector
    left, right = (page.locator(f".pair figure:nth-child({side}) .cells").bounding_box() for side in (1, 2))
    for side in ("y", "width", "height"):
        assert left[side] == pytest.approx(right[side], abs=0.1)
    assert page.locator(".verdict p").first.bounding_box()["y"] <= left["y"]  # what is known, before the pictures


@pytest.mark.parametrize("width", [320, 390])
def test_nothing_scrolls_sideways(look: Any, width: int) -> None:
    page = look("", width, 700)
    for address in PAGES:
        page.evaluate("hash => { location.hash = hash || '#/' }", address)
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


@pytest.mark.parametrize("width", [320, 390, 1280, 3840])
def test_a_row_holds_units_of_the_whole_order_at_every_width(look: Any, width: int) -> None:
    """Cut off at its end it would show the first of the order alone, and those are the best; a strip of nine photographs shows nine."""
    page = look("#/tiny", width)
    page.wait_for_timeout(100)
    said = int(page.get_by_text("evenly spaced by evidence").inner_text().split("shows")[1].split()[0])
    held = page.locator(".site .cells").evaluate_all("rows => rows.map(row => row.childElementCount)")
    assert max(held) == said <= 24
    assert said == 24 or width < 1440
    page.evaluate("location.hash = '#/tiny/-/salmon'")
    page.wait_for_selector(".strip .cells")
    page.wait_for_timeout(100)
    assert page.locator(".strip .cells").evaluate_all("rows => rows.every(row => row.scrollWidth <= row.clientWidth)")
    page.evaluate("location.hash = '#/tiny'")
    page.wait_for_selector(".site .cells")
    assert page.locator(".site .cells").evaluate_all("rows => rows.every(row => row.scrollWidth <= row.clientWidth)")
    page.evaluate("location.hash = '#/tiny/conv1/0'")
    page.wait_for_selector(".below .cell")
    shown = page.locator(".below figure").evaluate_all(
        "all => all.map(one => [...one.querySelectorAll('.cell')].filter(cell => cell.offsetWidth > 0).length)"
    )
    assert set(shown) == {9}


def test_a_salmon_is_marked_and_its_dots_agree_with_the_count(look: Any, planted: Any) -> None:
    page = look("#/tiny/conv1/1")
    assert "An untrained network says the same" in page.locator(".rail .verdict").first.inner_text()
    assert page.locator("p.verdict .diamond").count() == 1
    assert page.locator(".claim .diamond").count() == 1
    row = planted.row("conv1", 1)
    assert f"{row.count} of {row.draws} units" in page.locator(".claim").first.inner_text()
    drawn, beyond = _dots(page)
    assert drawn == 50
    assert abs(beyond / drawn - row.count / row.draws) <= 2 / 50


def test_what_stands_shows_no_mark(look: Any) -> None:
    page = look("#/tiny/conv1/0")
    for place in ("h1", "p.verdict", ".claim", ".pair"):
        assert page.locator(f"{place} .diamond").count() == 0, place
    assert _dots(page) == (50, 0)


def test_a_row_that_contradicts_itself_is_not_drawn(look: Any, planted: Any, own_server: str) -> None:
    page = look("#/tiny")
    manifest = (planted.root / "manifest.json").read_text()
    wrong = re.sub(r'"dots":\[[^]]*\]', '"dots":[9.0,9.0]', manifest)
    page.route("**/manifest.json", lambda route: route.fulfill(body=wrong, content_type="application/json"))
    page.goto(own_server + "?again#/tiny/conv1/1")
    page.get_by_text("disagree").wait_for()
    assert page.locator(".claim").first.locator("svg").count() == 0
    assert page.locator(".pair .cell").count() > 0


def test_numbers_are_never_printed_that_cannot_be(look: Any) -> None:
    page = look("#/tiny/conv1/0")
    for unit in range(12):
        page.evaluate("hash => { location.hash = hash }", f"#/tiny/conv1/{unit}")
        until(page, "text => document.querySelector('h1')?.innerText === text", arg=f"conv1:{unit}")
        assert not page.get_by_text("contradicts").count()
        assert not page.get_by_text("disagree").count()


def test_keys_page_through_units_in_the_order_of_the_grid(look: Any) -> None:
    page = look("#/tiny/conv1?sort=unit")
    page.locator("[data-index='3']").focus()
    page.keyboard.press("ArrowRight")
    until(page, "document.activeElement.dataset.index === '4'")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('h1').innerText === 'conv1:4'")
    assert page.url.endswith("#/tiny/conv1/4?sort=unit")
    page.wait_for_selector(".pager")
    for key, unit in (("j", 5), ("j", 6), ("k", 5)):
        page.keyboard.press(key)
        until(page, "text => document.querySelector('h1').innerText === text && document.querySelector('.pager')", arg=f"conv1:{unit}")
        page.wait_for_timeout(50)
    page.keyboard.press("2")
    until(page, "location.hash.endsWith('show=q5&sort=unit')")
    assert "5 % point" in page.locator(".pair figcaption").first.inner_text()
    page.keyboard.press("t")
    until(page, "document.title.startsWith('untrained twin 0')")
    assert page.locator("header.twin").is_visible()
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("shark")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('h1').innerText === 'fc:great white shark'")
    page.wait_for_selector(".page")
    assert page.evaluate("document.activeElement.tagName") == "H1"


def test_help_lists_every_key(look: Any) -> None:
    page = look("#/tiny/conv1/0")
    page.keyboard.press("?")
    said = page.get_by_role("dialog").locator("dt").all_inner_texts()
    assert said == ["j, k", "1 to 7", "x", "a", "e", "t", "c", "arrows, Home, End, Enter", "Space", "1, 2, n", "/", "Escape", "?"]


def test_back_returns_to_the_place_in_the_grid(look: Any, small: ModuleType) -> None:
    page = look(f"#/tiny/{ESCAPED}", 800, 600)
    page.mouse.wheel(0, 900)
    page.wait_for_timeout(300)
    before = page.evaluate("window.scrollY")
    assert before > 700
    shown = page.locator("[data-index]").evaluate_all("cells => cells.map(cell => +cell.dataset.index)")
    page.locator(f"[data-index='{min(shown) + 40}']").click()
    page.wait_for_selector(".pair")
    assert page.evaluate("window.scrollY") == 0
    page.go_back()
    until(page, "y => Math.abs(window.scrollY - y) < 2", arg=before)


def test_the_grid_filters_and_says_how_many(look: Any) -> None:
    page = look("#/tiny/conv1")
    assert page.get_by_role("status").filter(has_text="12 units").count() == 1
    for verdict in ("stands", "leans", "can't tell", "not tested"):
        page.get_by_role("checkbox", name=verdict).click()
    page.get_by_text("1 units").wait_for()
    assert page.url.endswith("?verdict=salmon")
    assert page.get_by_role("gridcell").count() == 1
    page.get_by_role("button", name="table").click()
    assert page.locator("tbody tr").count() == 1


def test_a_link_made_for_other_weights_says_so(look: Any) -> None:
    assert look("#/tiny/conv1/0?w=00000000").get_by_text("made for other weights").is_visible()
    assert look("#/tiny/conv1/0?w=8f2c1a90").get_by_text("made for other weights").count() == 0
    both = look("#/-/compare?a=tiny%2Fconv1%2F0&b=tiny%3Atwin0%2Fconv1%2F0&w=8f2c1a90,00000000")
    assert both.get_by_text("made for other weights").all_inner_texts() == [
        "This link was made for other weights (00000000); this atlas is of 417b3e5d. What is shown may differ."
    ]


@pytest.mark.parametrize("width", [390, 1280])
def test_a_link_is_copied_from_every_page(look: Any, width: int) -> None:
    page = look("", width, permissions=["clipboard-read", "clipboard-write"])
    for address, networks in {"#/tiny/conv1/0": 1, "#/-/compare?a=tiny%2Fconv1%2F0&b=tiny%3Atwin0%2Fconv1%2F0": 2, "#/-/labs": 0}.items():
        page.evaluate("hash => { location.hash = hash }", address)
        page.wait_for_timeout(300)
        page.get_by_role("button", name="Copy link").click()
        page.get_by_text("Link copied").first.wait_for(state="attached")
        link = page.evaluate("navigator.clipboard.readText()")
        assert link.split("?")[0].split("&w=")[0].endswith(address.split("?")[0])
        copied = page.evaluate("link => new URLSearchParams(link.split('?')[1] ?? '').get('w')", link)
        page.get_by_text("Link copied").first.wait_for(state="detached")
        assert [len(one) for one in (copied or "").split(",") if one] == [8] * networks, address


def test_a_twin_is_called_untrained_everywhere(look: Any) -> None:
    page = look("#/tiny:twin0/conv1/0")
    assert page.title().startswith("untrained twin 0")
    assert "untrained twin 0" in page.locator("header").inner_text()


def test_a_dead_unit_is_told_not_hidden(look: Any) -> None:
    page = look("#/tiny/fc/dead")
    assert page.get_by_text("one and the same response").is_visible()
    assert page.get_by_text("Not tested", exact=False).first.is_visible()


def test_a_missing_pack_is_one_sentence_in_its_place(look: Any, own_server: str) -> None:
    page = look("#/tiny")
    page.route("**/plates-*.pack", lambda route: route.fulfill(status=404))
    page.evaluate("location.hash = '#/tiny/conv1/0'")
    page.get_by_text("could not be read").wait_for()
    assert page.locator(".claim svg").first.is_visible()
    assert picture_width(page) == 480
    page.goto("about:blank")  # neighbours' packs, which are asked for ahead, are missing too
    look.told[:] = [line for line in look.told if "404" not in line]


@pytest.mark.parametrize("address", ["#/tiny/conv1/1", "#/-/compare?a=tiny%2Fconv1%2F0&b=tiny%2Fconv1%2F1"])
def test_blocks_and_rail_stand_beside_each_other_at_every_width(look: Any, address: str) -> None:
    """Cells, captions and the rail keep to their own columns, wherever the page is too narrow for the largest cells."""
    page = look(address, 1280, 900)
    page.wait_for_selector(".pair figure >> nth=1")
    for width in (900, 1100, 1180, 1280, 1366, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        edges = page.evaluate(OVERLAPS)
        assert edges, width
        assert all(right <= left + 0.5 for right, left in edges), (width, edges)


OVERLAPS = """() => {
  const box = one => one.getBoundingClientRect()
  const end = figure => Math.max(...[...figure.querySelectorAll('.cell, figcaption')].map(one => box(one).right))
  const rail = document.querySelector('.rail')
  return [...document.querySelectorAll('.pair')].flatMap(pair => {
    const [own, made] = pair.querySelectorAll('figure')
    const side = pair.closest('.sides > section')
    const past = rail ? box(rail).left : box(side).right
    return [[end(own), box(made.querySelector('.cell')).left], [end(made), past]]
  })
}"""
