"""Results that `optogram lab NAME --out ATLAS/labs` saved, as pages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.browser.waiting import until

from optogram.cli._app import run

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def with_labs(planted: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small atlas and a lab's result beside it, by the command itself."""
    root = tmp_path_factory.mktemp("labs") / "atlas"
    shutil.copytree(planted.root, root)
    assert run(["lab", "noise", "--quick", "--out", str(root / "labs")]) == 0
    return root


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_saved_lab_is_a_page_with_command_findings_and_figures(look: Any, with_labs: Path, serious: Callable[[Any], list[str]], theme: str) -> None:
    from tests.browser.conftest import served

    said = json.loads((with_labs / "labs" / "noise.json").read_text())["findings"]
    with served(with_labs) as base:
        page = look(base=base, color_scheme=theme)
        page.evaluate("location.hash = '#/-/labs'")
        page.get_by_role("link", name="noise", exact=True).click()
        page.wait_for_selector("footer")
        assert page.url.endswith("#/-/labs/saved/noise")
        assert page.get_by_text("optogram lab noise --quick --seed 0", exact=True).is_visible()
        assert page.locator("td.said").all_inner_texts() == [found["sentence"] for found in said]
        assert page.locator("tbody th").all_inner_texts() == [found["name"] for found in said]
        first = page.locator("tbody").first.locator("td").first.inner_text()
        assert float(first.replace("−", "-")) == pytest.approx(said[0]["value"], rel=0.005)
        figures = page.locator("figure img")
        assert figures.count() == len(list((with_labs / "labs").glob("noise-*.png")))
        until(page, "[...document.querySelectorAll('figure img')].every(one => one.naturalWidth > 0)")
        assert all(alt.startswith("Figure of the lab noise: ") for alt in figures.evaluate_all("all => all.map(one => one.alt)"))
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert serious(page) == []


def test_an_atlas_without_saved_labs_says_so_where_one_is_asked_for(look: Any) -> None:
    page = look()
    with page.expect_response("**/labs/index.json") as answered:
        page.evaluate("location.hash = '#/-/labs'")
    assert answered.value.status == 404
    page.wait_for_timeout(100)
    assert page.locator(".fault").count() == 0
    assert page.get_by_text("Saved results").count() == 0
    page.evaluate("location.hash = '#/-/labs/saved/motifs_1d'")
    page.get_by_text("optogram lab motifs-1d --out ATLAS/labs saves one").wait_for()


def test_a_list_cut_short_is_one_sentence_in_its_place(look: Any) -> None:
    page = look("#/-/about")
    page.route("**/labs/index.json", lambda route: route.fulfill(body='[{"name": "xo', content_type="application/json"))
    page.evaluate("location.hash = '#/-/labs'")
    page.get_by_text("could not be read").wait_for()
    assert page.get_by_role("link", name="How layers fold space").is_visible()
