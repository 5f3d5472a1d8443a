"""The live bench in a browser: a photograph dropped, a map, a picture that forms, one broken off, one kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from optogram.atlas.open import open_atlas

pytestmark = pytest.mark.browser


def test_a_photograph_is_looked_at_mapped_and_kept_with_a_picture(look: Any, tmp_path: Path) -> None:
    pytest.importorskip("uvicorn")
    from tests.atlas.conftest import SETTINGS, pixels, small
    from tests.serve.conftest import photograph, serving

    import optogram as og
    from optogram.atlas.build import build_atlas

    atlas = build_atlas(small(), og.open_images(pixels()), tmp_path / "atlas", settings=SETTINGS, progress=False)
    (tmp_path / "mine.png").write_bytes(photograph(3))
    with serving(atlas, small()) as served:
        base = f"http://127.0.0.1:{served.port}/"
        page = look("#/-/bench", base=base)
        page.set_input_files("input[type=file]", tmp_path / "mine.png")
        page.get_by_role("heading", name="What it drives most").wait_for()
        assert page.locator("ol li").count() == 3
        page.get_by_role("button", name="map it").click()
        page.wait_for_selector(".maps canvas")
        page.get_by_label("unit").fill("0:1")
        page.get_by_label("unit").press("Enter")
        page.get_by_label("steps").fill("24")
        page.get_by_role("button", name="synthesise").click()
        page.wait_for_selector(".made p")
        assert page.locator(".made img").get_attribute("src").startswith("data:image/webp")
        page.get_by_role("button", name="keep this in the atlas").click()
        page.get_by_text("Kept in the atlas").wait_for()
        page.get_by_label("steps").fill("1024")
        page.get_by_role("button", name="synthesise").click()
        page.get_by_role("button", name="cancel").click()
        page.get_by_role("status").filter(has_text="cancelled").wait_for()
        page.get_by_label("unit").fill("nothing:1")
        page.get_by_label("unit").press("Enter")
        page.get_by_role("button", name="synthesise").click()
        page.get_by_role("alert").wait_for()
        look.told[:] = [line for line in look.told if "400" not in line]
        kept = open_atlas(atlas.path).manifest.kept
        assert [one.address for one in kept] == ["0:1"]
        page.goto(base + "?again#/small~231/0/1")
        page.get_by_role("region", name="Kept from the bench").locator("img").wait_for()


def test_a_static_page_asks_nothing_and_says_how_to_have_a_bench(look: Any) -> None:
    page = look("#/-/bench")
    assert page.get_by_text("optogram serve ATLAS --model MODEL").is_visible()
    page.evaluate("location.hash = '#/'")
    page.wait_for_selector(".opening")
    assert page.get_by_role("link", name="Live bench").count() == 0
