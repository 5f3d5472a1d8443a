"""Going through a page by Tab, with an eye on where the focus is."""

from __future__ import annotations

from typing import Any

import pytest

SEEN = """() => {
  const one = document.activeElement
  if (!one || one === document.body) return 'nothing has the focus'
  const style = getComputedStyle(one), box = one.getBoundingClientRect()
  if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 1) return `${one.outerHTML.slice(0, 120)} has no outline`
  return box.bottom > 0 && box.top < innerHeight ? '' : `${one.outerHTML.slice(0, 120)} is out of sight`
}"""


def tab_to(page: Any, condition: str) -> None:
    """Presses Tab until the focused element fulfils a condition on `one`; every stop on the way must be seen."""
    for _ in range(120):
        page.keyboard.press("Tab")
        assert page.evaluate(SEEN) == ""
        if page.evaluate(f"(one => {condition})(document.activeElement)"):
            return
    pytest.fail(f"Tab never came to {condition}")
