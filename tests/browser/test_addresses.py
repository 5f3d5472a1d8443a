"""What an address may say: a class by number or name, a neuron, labels that two units share; and what the gutter and the ruler say."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from tests.browser.waiting import until

pytestmark = pytest.mark.browser


def _changed(page: Any, planted: Any, change: Any) -> None:
    """Has the page opened anew with the first network's entry changed."""
    manifest = json.loads((planted.root / "manifest.json").read_text())
    change(manifest["networks"][0])
    page.route("**/manifest.json", lambda route: route.fulfill(body=json.dumps(manifest), content_type="application/json"))


def _heading(page: Any, text: str) -> None:
    until(page, "text => document.querySelector('h1')?.innerText === text", arg=text)


def test_a_class_has_one_address_that_of_its_name(look: Any) -> None:
    page = look("#/tiny/fc/2?show=q50")
    _heading(page, "fc:lemon")
    until(page, "location.hash === '#/tiny/fc/lemon?show=q50'")
    page.evaluate("location.hash = '#/tiny/conv1/2'")
    _heading(page, "conv1:2")
    page.go_back()
    _heading(page, "fc:lemon")


def test_units_that_share_a_label_are_each_reached(look: Any, planted: Any, own_server: str) -> None:
    """As `crane` is a bird and a machine: links, search and paging lead to either, and never in a circle."""
    page = look("#/tiny")

    def cranes(network: dict[str, Any]) -> None:
        network["labels"][1] = network["labels"][4] = "crane"

    _changed(page, planted, cranes)
    page.goto(own_server + "?again#/tiny/fc?sort=unit")
    page.wait_for_selector("[role=gridcell]")
    goals = page.get_by_role("gridcell").evaluate_all("cells => cells.map(cell => cell.hash.split('/').pop().split('?')[0])")
    assert goals == ["tabby", "crane", "lemon", "page", "4", "dead"]
    page.keyboard.press("/")
    page.keyboard.type("crane")
    found = page.get_by_role("search").get_by_role("link")
    assert found.all_inner_texts() == ["fc:crane", "fc:crane"]
    found.last.click()
    until(page, "document.querySelector('footer')?.innerText.includes('unit = 4')")
    seen = []
    for _ in range(6):
        before = page.url
        page.wait_for_selector(".pager")
        page.keyboard.press("j")
        until(page, "before => location.href !== before", arg=before)
        until(page, "document.querySelector('footer')?.innerText.includes('unit = ') && document.querySelector('.pager')")
        seen.append(page.url.split("/")[-1].split("?")[0])
    assert len(set(seen)) == 6


def test_a_neuron_is_its_unit_at_a_place(look: Any) -> None:
    """All photographs of the small atlas drive their unit most at row 1, column 2."""
    page = look("#/tiny/conv1/3@1,2")
    _heading(page, "conv1:3@1,2")
    whole = page.get_by_text("drive it most at place 1,2").inner_text()
    some, of = whole.split(" photographs")[0].split(" of the ")
    assert some == of != "0"
    page.evaluate("location.hash = '#/tiny/conv1/3@2,1'")
    page.get_by_text(f"0 of the {of} photographs").wait_for()
    page.evaluate("location.hash = '#/tiny/conv1/3@8,0'")
    page.get_by_text("8×8 places, counted from 0; there is no place 8,0").wait_for()
    assert page.locator(".claim svg").first.is_visible()
    page.evaluate("location.hash = '#/tiny/fc/2@0'")
    page.get_by_text("fc has no places").wait_for()


def test_the_gutter_draws_what_a_site_reads_and_readers_hear_it(look: Any, planted: Any, own_server: str) -> None:
    page = look("#/tiny", 1440)
    assert page.locator("svg.branch").count() == 0  # an atlas that does not say
    first, middle, _ = (site["address"] for site in json.loads((planted.root / "manifest.json").read_text())["networks"][0]["sites"])

    def around(network: dict[str, Any]) -> None:
        network["sites"][1]["reads"] = [first]
        network["sites"][2]["reads"] = [first, middle]

    _changed(page, planted, around)
    page.goto(own_server + "?again#/tiny")
    page.wait_for_selector("svg.branch >> nth=2")
    assert page.locator("section.site").last.inner_text().count(f"reads {first}, {middle}") == 1
    paths = page.locator("svg.branch path").evaluate_all("all => all.map(one => one.getAttribute('d'))")
    assert paths == ["M54 18V36M54 18Q44 18 44 36", "M54 0V18M54 18V36M44 0V36", "M54 0V18M44 0Q44 18 54 18"]
    tops = page.locator("section.site").evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    assert [round(below - above) for above, below in itertools.pairwise(tops)] == [36, 36]  # or the lines would not meet
    page.set_viewport_size({"width": 800, "height": 700})
    assert not page.locator("svg.branch").first.is_visible()


def test_a_picture_pointed_at_lights_its_place_on_the_ruler(look: Any) -> None:
    page = look("#/tiny/conv1/0")
    until(page, "document.querySelector('.pair .cell').style.backgroundImage.includes('blob:')")
    assert page.locator(".ruler .lit").count() == 0
    page.locator(".pair figure").first.locator("[role=img].cell").first.hover()
    page.locator(".ruler .lit").wait_for(state="attached")
    place = float(page.locator(".ruler .lit").get_attribute("x1"))
    page.locator("h1").hover()
    page.locator(".ruler .lit").wait_for(state="detached")
    page.keyboard.press("1")
    until(page, "location.hash.endsWith('show=least')")
    page.locator(".pair figure").first.locator("[role=img].cell").last.hover()
    page.locator(".ruler .lit").wait_for(state="attached")
    assert float(page.locator(".ruler .lit").get_attribute("x1")) < place


def test_each_table_is_asked_for_once_and_whole(look: Any, own_server: str) -> None:
    page = look("#/-/about")
    asked: list[tuple[str, str, str | None]] = []
    page.on("request", lambda one: asked.append((one.method, one.url, one.headers.get("range"))) if one.url.endswith(".parquet") else None)
    for address in ("#/tiny/conv1", "#/tiny/conv1/0", "#/tiny/conv1/1", "#/tiny/conv1?as=table", "#/tiny/conv1/0"):
        page.evaluate("hash => { location.hash = hash }", address)
        page.wait_for_selector("footer, [role=grid], tbody", state="attached")
        page.wait_for_load_state("networkidle")
    assert {method for method, _, _ in asked} == {"GET"}
    assert {part for _, _, part in asked} == {None}
    paths = [url for _, url, _ in asked]
    assert len(paths) == len(set(paths))
    assert {path.rsplit("/")[-1].split("-")[0] for path in paths} >= {"units", "exemplars", "evidence"}
