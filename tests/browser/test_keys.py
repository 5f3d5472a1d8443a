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
