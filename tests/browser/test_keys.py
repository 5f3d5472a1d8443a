"""From a network to its site, a unit, the twin's unit, both side by side and back, by keys alone; focus can be seen at every step."""

from __future__ import annotations

from typing import Any

import pytest
from tests.browser.tabbing import SEEN, tab_to
from tests.browser.waiting import until

pytestmark = pytest.mark.browser


def _arrived(page: Any, heading: str, also: str = "true") -> None:
    until(page, f"text => document.querySelector('h1')?.innerText === text && ({also})", arg=heading)
    until(page, "document.activeElement.tagName === 'H1'")
    assert page.evaluate(SEEN) == ""


def test_keys_alone_lead_from_the_network_to_a_comparison_and_back(look: Any) -> None:
    page = look("#/tiny")
    tab_to(page, "one.closest('main') && one.getAttribute('href')?.startsWith('#/tiny/conv1')")
    page.keyboard.press("Enter")
    until(page, "/^#.tiny.conv1/.test(location.hash)")
    if page.evaluate("location.hash.split('/').length === 3"):
        page.wait_for_selector("[role=grid]")
        tab_to(page, "one.dataset.index !== undefined")
        page.keyboard.press("ArrowRight")
        until(page, "document.activeElement.dataset.index === '1'")
        assert page.evaluate(SEEN) == ""
        page.keyboard.press("Enter")
    page.wait_for_selector(".pager")
    unit = page.locator("h1").inner_text()
    _arrived(page, unit)
    page.keyboard.press("c")
    page.get_by_text("Held for comparison").wait_for()
    page.keyboard.press("t")
    until(page, "document.title.startsWith('untrained twin 0') && document.querySelector('.pager')")
    _arrived(page, page.locator("h1").inner_text())
    page.keyboard.press("c")
    page.wait_for_selector(".sides .ruler >> nth=1")
    _arrived(page, "Side by side")
    tab_to(page, "one.closest('.sides h2') !== null")
    page.keyboard.press("Enter")
    _arrived(page, unit, "location.hash.startsWith('#/tiny/conv1/')")
    page.keyboard.press("?")
    listed = " ".join(page.get_by_role("dialog").locator("dt").all_inner_texts())
    assert {"c", "t", "?", "arrows"} <= set(listed.replace(",", " ").split())


def test_every_key_of_a_units_page_does_what_the_help_says(look: Any) -> None:
    """Those that page, map, compare and lead to twins have tests of their own."""
    page = look("#/tiny/conv1/0")
    page.locator(".claim svg").first.wait_for()
    page.keyboard.press("x")
    caption = page.locator(".pair figcaption").first
    until(page, "location.hash.endsWith('?whole=yes')")
    assert "whole, what the unit sees in a box" in caption.inner_text()
    page.keyboard.press("x")
    until(page, "!location.hash.includes('whole')")
    assert "cut to what the unit sees" in caption.inner_text()
    for key, shown in zip("123456", ("least", "q5", "q25", "q50", "q75", "q95"), strict=True):
        page.keyboard.press(key)
        until(page, "shown => location.hash.endsWith('?show=' + shown)", arg=shown)
    page.keyboard.press("7")
    until(page, "!location.hash.includes('show')")
    page.keyboard.press("e")
    until(page, "document.activeElement.classList.contains('rail')")
    assert page.evaluate(SEEN) == ""


def test_an_atlas_opens_on_the_best_believed_unit_beside_a_salmon(look: Any, planted: Any) -> None:
    page = look("#/")
    page.wait_for_selector(".opening section >> nth=1")
    said = [heading.split() for heading in page.locator(".opening section > h2").all_inner_texts()]
    assert [(heading[0], heading[-1]) for heading in said] == [("conv1:0", "stands"), ("conv1:1", "salmon")]
    left, right = (page.locator(".opening section").nth(index) for index in (0, 1))
    assert "An untrained network says the same" in right.inner_text()
    assert "An untrained network says the same" not in left.inner_text()
    assert left.locator(".cell[role=img]").count() > 0
    left.get_by_role("link", name="conv1:0").click()
    until(page, "document.querySelector('h1')?.innerText === 'conv1:0'")
