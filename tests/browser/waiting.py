"""Waiting until something is true of a page, under any policy of its server."""

from __future__ import annotations

from typing import Any

import pytest

STEP, STEPS = 50, 600


def until(page: Any, said: str, arg: Any = None) -> None:
    """Asks a page until an expression, or a function of `arg`, is true of it: half a minute at most, as a machine that others use may take long.

    Playwright's own `wait_for_function` evaluates its text anew in each of the page's frames, and there the live server's policy
    (`script-src 'self'`) forbids it: it would pass only where the text is true at once.
    """
    for _ in range(STEPS):
        if page.evaluate(said, arg):
            return
        page.wait_for_timeout(STEP)
    pytest.fail(f"never true of {page.url}: {said} {arg or ''}")
