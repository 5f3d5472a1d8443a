"""What the pages beside a unit's promise: choosing and comparing, a photograph's units and maps, the twin, one file, a notebook."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import served
from tests.browser.waiting import until

from optogram.atlas import folder
from optogram.atlas.open import open_atlas

pytestmark = pytest.mark.browser

ESCAPED = "layer1.0.a_block_with_quite_a_long_name~2Frelu~231"
PHOTO = "#/tiny/-/photo/folder~2Fphoto~200.jpg"


def _units(page: Any) -> list[int]:
    return [int(text) for text in page.locator("tbody th").all_inner_texts()]


def test_a_site_sorts_and_filters_by_any_claim(look: Any) -> None:
    """The planted second claim falls with the unit's number, from .92 to .15."""
    page = look("#/tiny/conv1?as=table")
    page.get_by_label("sort").select_option("planted.effect")
    until(page, "location.hash.includes('sort=-planted.effect')")
    assert _units(page) == list(range(12))
    page.get_by_role("button", name="greatest first").click()
    assert _units(page) == [*range(10, -1, -1), 11]  # what was not tested comes last
    page.goto(page.url.split("?")[0] + "?as=table&in=planted.effect%3A0.5..0.8&sort=unit")
    page.get_by_role("status").filter(has_text="4 units").wait_for()
    assert _units(page) == [2, 3, 4, 5]
    low = page.get_by_label("Follows the labels, at least")
    low.focus()
    before = low.input_value()
    page.keyboard.press("Home")
    until(page, "location.hash.includes('in=planted.effect%3A..0.8')")
    assert low.input_value() != before
    assert _units(page) == list(range(2, 11))


def test_a_table_in_several_files_reads_as_one(look: Any, small: Any, files_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too large for a file is cut: pages of units in the first part and the last, the grid's filters, and marks say the same."""
    monkeypatch.setattr(folder, "MOST_BYTES", 3000)
    cut = small.write(tmp_path / "cut")
    site = open_atlas(cut.root).site("conv1")
    assert {"units", "evidence"} <= set(site.more)
    with served(cut.root) as base:
        for address in (
            "#/tiny/conv1/0",
            "#/tiny/conv1/10",
            "#/tiny/conv1?as=table&in=planted.effect%3A0.5..0.8",
            "#/-/hypothesis?of=tiny%2Fconv1%2F10",
        ):
            pages = [look(address, base=one) for one in (files_server, base)]
            for page in pages:
                page.wait_for_load_state("networkidle")
            whole, parts = (page.locator("main").inner_text().partition("From data")[0] for page in pages)
            assert whole == parts, address
        page = look("#/tiny/conv1/10", base=base)
        assert page.locator("footer pre").inner_text().count(".parquet") == len(site.parts("units")) + len(site.parts("evidence"))


def test_two_units_are_chosen_and_compared_and_back_returns(look: Any) -> None:
    page = look("#/tiny/conv1?sort=unit")
    page.locator("[data-index='3']").focus()
    page.keyboard.press(" ")
    page.locator("[data-index='5']").focus()
    page.keyboard.press(" ")
    until(page, "location.hash.includes('sel=3%2C5')")
    assert page.locator("[aria-selected='true']").count() == 2
    page.get_by_role("link", name="compare 3 and 5").click()
    page.wait_for_selector(".sides .ruler >> nth=1")
    assert page.locator(".sides h2 a").all_inner_texts() == ["conv1:3", "conv1:5"]
    page.locator(".sides > section").first.get_by_role("radio", name="around the middle").click()
    assert page.locator("[role=radio][aria-checked=true]").evaluate_all("all => all.map(one => one.innerText.split('\\n')[0])") == ["50 %", "50 %"]
    page.go_back()
    page.wait_for_selector("[role=grid]")
    assert "sel=3%2C5" in page.url
    assert "sort=unit" in page.url
    assert page.locator("[aria-selected='true']").count() == 2


def test_a_held_unit_is_compared_with_the_next(look: Any) -> None:
    page = look("#/tiny/conv1/2")
    page.keyboard.press("c")
    page.get_by_text("Held for comparison").wait_for()
    page.evaluate("location.hash = '#/tiny/conv1/4'")
    until(page, "document.querySelector('h1').innerText === 'conv1:4' && document.querySelector('.page')")
    page.keyboard.press("c")
    page.wait_for_selector(".sides .ruler >> nth=1")
    assert page.locator(".sides h2 a").all_inner_texts() == ["conv1:2", "conv1:4"]


def test_units_of_one_number_are_said_not_to_correspond(look: Any) -> None:
    page = look("#/-/compare?a=tiny%2Fconv1%2F0&b=tiny%3Atwin0%2Fconv1%2F0")
    assert page.get_by_text("nothing more connects them").is_visible()
    assert "untrained twin 0" in page.title()
    page.goto(page.url.replace("twin0%2Fconv1%2F0", "twin0%2Fconv1%2F1"))
    page.wait_for_selector(".sides .ruler >> nth=1")
    assert page.get_by_text("nothing more connects them").count() == 0


def test_networks_stand_side_by_side_and_a_missing_side_is_told(look: Any) -> None:
    page = look("#/-/compare?a=tiny&b=tiny%3Atwin0")
    assert page.locator("main section").count() == 3
    assert page.locator("main section svg").count() == 6
    pictures = page.locator("main section .cells").evaluate_all("all => all.map(one => one.childElementCount)")
    assert pictures == [12, 12, 24, 24, 6, 6]
    page.get_by_label("other").fill("nobody/conv1/1")
    page.get_by_role("button", name="compare").click()
    page.get_by_text("no network nobody").wait_for()


def test_a_key_leads_to_the_twins_unit_of_the_same_rank(look: Any) -> None:
    page = look("#/tiny/conv1/7")
    rank = page.evaluate("document.querySelector('footer').innerText.match(/row (\\d+)/)[1]")
    page.keyboard.press("t")
    until(page, "location.hash.startsWith('#/tiny:twin0/conv1/') && document.querySelector('footer')?.innerText.includes('untrained twin 0')")
    assert page.evaluate("document.querySelector('footer').innerText.match(/row (\\d+)/)[1]") == rank
    assert page.get_by_text("is not the counterpart of any unit").is_visible()
    assert "knows nothing" in page.locator("header").inner_text()


def test_salmon_counts_what_the_manifest_counts(look: Any, planted: Any) -> None:
    page = look("#/tiny/-/salmon")
    row = page.locator("tbody tr").first
    claim = open_atlas(planted.root).site("conv1").claims[0]
    assert f"{claim.identified} of {claim.tested}" in row.inner_text()
    assert row.locator("svg .dot").count() == len(claim.twin_identified) == 9
    assert page.get_by_role("heading", name="Follows the labels").is_visible()


def test_a_click_tells_which_units_look_there(look: Any) -> None:
    page = look(PHOTO)
    page.locator("dd a").first.wait_for()
    assert [text.split("\n")[:2] for text in page.locator("dd a").all_inner_texts()] == [["3", "above 98 %"]]
    frame = page.locator(".frame")
    box = frame.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 20.5 / 64, box["y"] + box["height"] * 36.5 / 64)
    until(page, "location.hash.includes('at=36%2C20')")
    assert page.locator("dd a").first.inner_text().startswith("6\n2.5 sd")  # row 4, column 2 of the map
    frame.focus()
    page.keyboard.press("ArrowDown")
    until(page, "location.hash.includes('at=38%2C20')")
    # The maps fall from the top's -1 to the bottom's 1: the same point of each says its value.
    said = page.locator(".maps figcaption strong").all_inner_texts()
    expected = 2 * 38 / 63 - 1
    assert [round(float(one.replace("−", "-")), 2) for one in said] == pytest.approx([expected, expected, 100 * expected, 100 * expected], rel=0.05)
    assert page.locator(".maps path.mark").count() == 4
    page.keyboard.press("Escape")


@pytest.mark.parametrize(("scale", "limits"), [("method", ["−1 to 1", "−1 to 1", "−100 to 100", "−100 to 100"]), ("all", ["−100 to 100"] * 4)])
def test_maps_side_by_side_share_a_scale_that_is_printed(look: Any, scale: str, limits: list[str]) -> None:
    page = look(f"{PHOTO}?scale={scale}")
    page.wait_for_selector(".maps figure >> nth=3")
    said = page.locator(".maps figcaption").all_inner_texts()
    assert [text.split("\n")[1].split(",")[0] for text in said] == limits
    column = page.locator(".maps canvas").first.evaluate("map => [...map.getContext('2d').getImageData(0, 0, 1, 64).data]")
    down, up = column[:3], column[-4:-1]
    if scale == "method":
        assert (down, up) == ([37, 107, 177], [160, 80, 0])  # the ends of the scale
    else:
        assert min(*down, *up) > 200  # a hundredth of the scale: next to nothing


@pytest.fixture(scope="module")
def one_file(planted: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "one.html"
    command = [str(Path(sys.executable).with_name("optogram")), "export", str(planted.root), "--single-file", "--out", str(path)]
    subprocess.run([*command, "--units", "conv1:0-3", "--units", "fc:lemon"], check=True, capture_output=True)
    return path


def test_one_file_opens_from_disk_without_a_network(browser: Any, one_file: Path) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(("file:", "blob:", "data:")) else told.append(asked.url))
    page.goto(f"file://{one_file}#/tiny/conv1/1")
    page.wait_for_selector(".claim svg")
    until(page, "document.querySelector('.pair figure:nth-child(2) .cell').style.backgroundImage.includes('blob:')")
    until(page, "document.querySelector('.pair .cell').style.backgroundImage.includes('blob:')")
    page.keyboard.press("2")
    until(page, "location.hash.endsWith('show=q5')")
    page.keyboard.press("j")
    until(page, "document.querySelector('h1').innerText !== 'conv1:1'")
    page.evaluate("location.hash = '#/tiny/conv1?as=table'")
    page.wait_for_selector("tbody tr >> nth=3")
    assert page.locator("tbody tr").count() == 4
    page.evaluate("location.hash = '#/tiny/conv1/9'")
    page.get_by_text("unit 9 is not among them").wait_for()
    page.evaluate("location.hash = '#/-/hypothesis?of=tiny%2Fconv1%2F1'")
    page.get_by_text("This file holds a part of an atlas").wait_for()
    page.evaluate("location.hash = '#/tiny:twin0'")
    page.get_by_text("has learned nothing").first.wait_for()
    context.close()
    assert told == []
    assert one_file.stat().st_size < 1_000_000


def test_an_excerpt_keeps_rows_pictures_and_counts(planted: Any, tmp_path: Path) -> None:
    from optogram.atlas.excerpt import excerpt

    whole = open_atlas(planted.root)
    excerpt(whole, tmp_path, ["conv1:3", "conv1:1"])
    part = open_atlas(tmp_path)
    assert part.missing() == []
    own, kept = whole.site("conv1"), part.site("conv1")
    assert (kept.units, kept.held, kept.claims) == (12, 2, own.claims)
    rows = {row["unit"]: row for row in whole.table("conv1").to_pylist()}
    for row in part.table("conv1").to_pylist():
        before = rows[row["unit"]]
        for kind, name in (("plates", "plate"), ("pictures", "picture")):
            there, here = (
                (atlas.path / entry.packs[kind][one[f"{name}_pack"]].path).read_bytes()[one[f"{name}_offset"] :][: one[f"{name}_length"]]
                for atlas, entry, one in ((whole, own, before), (part, kept, row))
            )
            assert there == here
            assert here
    told = [row for row in whole.table("conv1", "evidence").to_pylist() if row["unit"] in (1, 3)]
    assert part.table("conv1", "evidence").to_pylist() == told
    assert [site.address for site in part.networks[1].sites] == ["conv1"]


def test_a_notebook_shows_the_pages_in_a_frame(browser: Any, planted: Any, tmp_path: Path) -> None:
    shown = open_atlas(planted.root).show(["conv1:0-3"])
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><meta charset=utf-8><body>{shown._repr_html_()}</body>")
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    page = context.new_page()
    page.goto(f"file://{notebook}")
    inner = page.frames[1]
    inner.locator("a", has_text="conv1:0").first.click()
    inner.wait_for_selector(".claim svg")
    assert inner.url == "about:srcdoc#/tiny/conv1/0"
    inner.locator("h1").click()
    page.keyboard.press("2")
    until(inner, "location.hash.endsWith('show=q5')")
    assert page.url == f"file://{notebook}"
    context.close()
    assert repr(shown).startswith(str(planted.root))


def test_photographs_that_both_units_show_are_lit_together(look: Any) -> None:
    """Every unit of the small atlas shows the same nine photographs."""
    page = look("#/-/compare?a=tiny%2Fconv1%2F0&b=tiny%2Fconv1%2F1")
    page.get_by_text("9 photographs shown on both sides").wait_for()
    until(page, "document.querySelectorAll('.sides .shared').length === 18")
    page.locator(".sides > section").first.locator(".cell").nth(2).hover()
    until(page, "document.querySelectorAll('.sides .pointed').length === 2")
    page.get_by_role("button", name="folder/photo 4.jpg").focus()
    until(page, "[...document.querySelectorAll('.sides .pointed')].every(one => one.title.includes('photo 4.jpg'))")


def test_back_three_times_finds_view_scroll_and_focused_cell_as_they_were(look: Any) -> None:
    page = look(f"#/tiny/{ESCAPED}?sort=unit&verdict=can%27t%20tell", 700, 500)
    page.get_by_role("status").filter(has_text="246 units").wait_for()
    page.locator("[data-index='0']").focus()
    for _ in range(2):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(250)
    chosen = page.evaluate("document.activeElement.dataset.index")
    assert int(chosen) > 20
    page.keyboard.press(" ")
    page.keyboard.press("ArrowRight")
    until(page, "index => document.activeElement.dataset.index === String(+index + 1)", arg=chosen)
    page.keyboard.press(" ")
    until(page, "location.hash.includes('%2C')")
    address, before = page.url, page.evaluate("scrollY")
    assert before > 100
    page.keyboard.press("Enter")
    page.wait_for_selector(".pair")
    page.evaluate("location.hash = '#/-/compare?a=tiny%2Fconv1%2F1&b=tiny%2Fconv1%2F2'")
    page.wait_for_selector(".sides")
    page.evaluate("location.hash = '#/-/about'")
    page.get_by_role("heading", name="How this was made").wait_for()
    for selector in (".sides", ".pair", "[role=grid]"):
        page.go_back()
        page.wait_for_selector(selector)
    until(page, "index => document.activeElement.dataset.index === String(+index + 1)", arg=chosen)
    assert page.url == address
    assert "verdict=can%27t+tell" in address
    until(page, "y => Math.abs(scrollY - y) < 2", arg=before)


def test_each_fault_of_a_file_is_one_sentence_and_the_rest_of_the_page_lives(look: Any, own_server: str) -> None:
    page = look("#/tiny")
    page.route("**/evidence-*.parquet", lambda route: route.fulfill(body=b"PAR1 and no more"))
    page.evaluate("location.hash = '#/tiny/conv1/0'")
    page.get_by_text("Its evidence could not be read").wait_for()
    until(page, "document.querySelector('.pair .cell').style.backgroundImage.includes('blob:')")
    page.route("**/strongest-*.webp", lambda route: route.fulfill(status=404))
    page.route("**/links-*.parquet", lambda route: route.fulfill(status=404))
    page.goto(own_server + "?again#/tiny/fc")
    page.wait_for_selector("[role=gridcell]")
    page.get_by_text("sheet of pictures could not be read").wait_for()
    page.evaluate("location.hash = '#/tiny/conv1/0'")
    page.get_by_text("The weights between units could not be read").wait_for()
    page.get_by_text("Prefers stripes at 45°").wait_for()
    page.goto("about:blank")  # nothing more is asked for
    look.told[:] = [line for line in look.told if "404" not in line]
