"""How the viewer's grid scrolls, and how soon its first pictures come, in a browser.

    python benchmarks/viewer.py [--runs 5] [--only frames|first]

`frames`: a site of 10,000 units, sorted by a claim so that cells scatter over all sheets, is scrolled from end to end at 8,000 px/s;
the 95th percentile of the time between frames, and what the page's own thread computed a frame (script, style, layout), 1440 and
3840 pixels wide, from files and from the live server. `first`: an atlas of ten such sites, 100,000 units, from a local server;
the time from a link followed to the first pictures drawn, with nothing fetched before. The bars: 20 ms a frame and one second.
Alone on the machine, please: a frame waits for whatever else runs. Needs Chromium (on the path, or as CHROMIUM).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # the atlases are those of the tests

from tests.browser.conftest import FLAGS, served, served_live
from tests.browser.large_atlas import write_large

SPEED = 8000
SCREENS = {1440: 900, 3840: 2160}
SETTLED_MS = 1000
SCROLL = """async (speed) => {
  const frames = []
  let last = await new Promise(requestAnimationFrame)
  const end = document.documentElement.scrollHeight - innerHeight
  while (scrollY < end - 1) {
    const now = await new Promise(requestAnimationFrame)
    frames.push(now - last)
    scrollBy(0, (speed * (now - last)) / 1000)
    last = now
  }
  return frames.sort((a, b) => a - b)
}"""
FIRST_PICTURES = """async (address) => {
  const cells = () => [...document.querySelectorAll('.canvases canvas')].filter(one => !one.hidden)
  const probe = new OffscreenCanvas(120, 60).getContext('2d', { willReadFrequently: true })
  const drawn = () => cells().some(one => {
    probe.drawImage(one, 0, 0)
    return new Set(probe.getImageData(0, 0, 120, 60).data).size > 24
  })
  const begun = performance.now()
  location.hash = address
  while (!drawn()) {
    if (performance.now() - begun > 20000) throw new Error('no picture came')
    await new Promise(requestAnimationFrame)
  }
  return performance.now() - begun
}"""


def busy(session: Any) -> float:
    """Seconds that the page's own thread has computed for script, style and layout."""
    told = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return float(told["ScriptDuration"] + told["LayoutDuration"] + told["RecalcStyleDuration"])


def opened(browser: Any, address: str, width: int) -> Any:
    """A page that nothing was fetched for before."""
    page = browser.new_context(viewport={"width": width, "height": SCREENS[width]}).new_page()
    page.goto(address)
    return page


def frames(browser: Any, base: str, width: int, runs: int) -> str:
    """The line that says how the grid of 10,000 units scrolls."""
    page = opened(browser, f"{base}#/tiny/conv1", width)
    page.get_by_label("sort").select_option("planted.effect")
    page.wait_for_timeout(SETTLED_MS)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    late, own = [], []
    for _ in range(runs):
        before = busy(session)
        found = page.evaluate(SCROLL, SPEED)
        own.append(1000 * (busy(session) - before) / len(found))
        late.append(found[int(0.95 * len(found))])
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(SETTLED_MS)
    page.context.close()
    each = ", ".join(f"{one:.1f}" for one in late)
    return f"p95 {statistics.median(late):5.1f} ms, median of {runs} runs ({each})   {statistics.median(own):.1f} ms of the page's own work a frame"


def first(browser: Any, base: str, runs: int) -> str:
    """The line that says how soon the first pictures come."""
    took = []
    for number in range(runs):
        page = opened(browser, f"{base}#/", 1440)
        page.locator(".opening, .sites").first.wait_for()
        took.append(page.evaluate(FIRST_PICTURES, f"#/tiny/wide{1 + number % 9}"))
        page.context.close()
    return f"{statistics.median(took):.0f} ms, median of {runs} loads ({', '.join(f'{one:.0f}' for one in took)})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=("frames", "first"))
    asked = parser.parse_args()
    chromium = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    if chromium is None:
        raise SystemExit("no Chromium: install one (Debian: apt-get install chromium), or set CHROMIUM=/path/to/it")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        if asked.only != "first":
            root = write_large(Path(scratch) / "ten thousand")
            for how, serving in (("files", served(root)), ("live", served_live(root))):
                with serving as base:
                    for width in SCREENS:
                        print(f"{how:5s} {width} wide   {frames(browser, base, width, asked.runs)}", flush=True)
        if asked.only != "frames":
            with served(write_large(Path(scratch) / "hundred thousand", sites=10)) as base:
                print(f"first pictures of 100,000 units   {first(browser, base, asked.runs)}")
        browser.close()


if __name__ == "__main__":
    main()
