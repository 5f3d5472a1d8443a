"""Every lab moved by the mouse, and every control of every lab reached and moved by keys alone."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.browser.tabbing import tab_to
from tests.browser.waiting import until

pytestmark = pytest.mark.browser


def _drag(page: Any, selector: str, angle: float) -> None:
    """From the middle's right to the direction of an angle, counterclockwise, with the mouse."""
    box = page.locator(selector).bounding_box()
    x, y, reach = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"] / 3
    page.mouse.move(x + reach, y)
    page.mouse.down()
    page.mouse.move(x + reach * math.cos(math.radians(angle)), y - reach * math.sin(math.radians(angle)), steps=4)
    page.mouse.up()


def _slide(page: Any, name: str, share: float) -> None:
    """Clicks a slider at a share of its length."""
    slider = page.get_by_role("slider", name=name)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.click(box["x"] + 8 + share * (box["width"] - 16), box["y"] + box["height"] / 2)


def _goes(page: Any, pattern: str) -> None:
    until(page, "pattern => new RegExp(pattern).test(location.hash)", arg=pattern)


def test_every_lab_is_moved_by_the_mouse(look: Any) -> None:
    page = look("#/-/labs/tuning")
    _drag(page, ".stage", 60)
    _goes(page, "angle=(59|60|61)$")
    page.mouse.move(10, 10)  # let go: the bar stays
    page.wait_for_timeout(50)
    _goes(page, "angle=(59|60|61)$")
    page.evaluate("location.hash = '#/-/labs/folding?at=0'")
    said = page.get_by_role("status")
    said.filter(has_text="Nothing has been cut yet").wait_for()
    _slide(page, "through the layers", 1.0)
    said.filter(has_text="After layer 4").wait_for()
    page.evaluate("location.hash = '#/-/labs/convolution?place=0'")
    said.filter(has_text="Place 0:").wait_for()
    _slide(page, "window at place", 0.5)
    _goes(page, "place=(29|30|31)")
    page.evaluate("location.hash = '#/-/labs/noise?x1=0.8&x2=0.4'")
    said.filter(has_text="from x2 to max").wait_for()
    _slide(page, "x2", 1.0)
    _goes(page, "x2=1(&|$)")
    page.evaluate("location.hash = '#/-/labs/templates'")
    said.filter(has_text="The templates say").wait_for()
    _slide(page, "new picture", 0.5)
    _goes(page, "picture=(99|100)")


def test_every_lab_is_reached_and_moved_by_keys_alone(look: Any) -> None:
    """From the list: Tab to the lab, Enter, Tab to each control, and one step of it changes the address."""
    page = look()
    for lab, controls in CONTROLS.items():
        page.evaluate("location.hash = '#/-/labs'")
        page.get_by_role("heading", name="Labs", exact=True).wait_for()
        tab_to(page, f"one.getAttribute('href') === '#/-/labs/{lab}'")
        page.keyboard.press("Enter")
        until(page, "lab => location.hash === `#/-/labs/${lab}`", arg=lab)
        page.wait_for_selector(".controls, .lab")
        for control, key in controls:
            tab_to(page, control)
            before = page.url
            page.keyboard.press(key)
            until(page, "before => location.href !== before", arg=before)
            assert page.url.startswith(f"{before.split('#')[0]}#/-/labs/{lab}?")


CONTROLS = {
    "folding": [("one.tagName === 'SELECT'", "ArrowDown"), ("one.type === 'range'", "ArrowRight")],
    "convolution": [("one.type === 'range'", "ArrowRight"), ("one.tagName === 'SELECT'", "ArrowDown"), ("one.type === 'checkbox'", " ")],
    "templates": [
        ("one.type === 'range'", "ArrowRight"),
        ("one.innerText === 'draw your own'", "Enter"),
        ("one.closest('.classes') && one.ariaPressed === 'false'", "Enter"),
    ],
    "noise": [("one.type === 'range'", "ArrowLeft"), ("one.tagName === 'SELECT'", "ArrowDown")],
    "tuning": [("one.type === 'range'", "ArrowRight"), ("one.getAttribute('role') === 'slider'", "ArrowLeft"), ("one.tagName === 'BUTTON'", "Enter")],
}
"""The controls of each lab, as conditions on the focused element, and a key that moves each from where it stands."""
