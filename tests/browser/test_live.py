"""The live bench in a browser: a photograph dropped, a map, a picture that forms, one broken off, one kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.browser.waiting import until

from optogram.atlas.open import open_atlas

pytestmark = pytest.mark.browser


THEMES = ("light", "dark")


def test_a_photograph_is_looked_at_mapped_and_kept_with_a_picture(look: Any, tmp_path: Path, serious: Callable[[Any], list[str]]) -> None:
    """What the bench shows is looked at by axe as it comes, in both themes: what is driven, maps, a picture while it forms and after."""
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

        def checked(what: str) -> None:
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)
                assert serious(page) == [], (what, theme)

        page.set_input_files("input[type=file]", tmp_path / "mine.png")
        page.get_by_role("heading", name="What it drives most").wait_for()
        assert page.locator("ol li").count() == 3
        checked("a photograph dropped")
        page.get_by_role("button", name="map it").click()
        page.wait_for_selector(".maps canvas")
        checked("a map")
        page.locator("select[name=method]").select_option("gradient")
        page.get_by_role("button", name="map it").click()
        page.wait_for_selector(".maps canvas >> nth=1")
        said = [text.split("\n")[-1] for text in page.locator(".maps figcaption").all_inner_texts()]
        assert all("to" in one for one in said), said
        page.get_by_label("one scale for").select_option("all")
        until(page, "location.hash.includes('scale=all')")
        limits = {text.split("\n")[1].split(",")[0] for text in page.locator(".maps figcaption").all_inner_texts()}
        assert len(limits) == 1, limits
        tops = [page.locator(".maps canvas").nth(number).bounding_box()["y"] for number in (0, 1)]
        assert tops[0] == tops[1]  # of one target: beside each other
        assert page.locator(".map img").count() == 0
        page.get_by_label("over the photograph").check()
        until(page, "document.querySelectorAll('.map img').length === 2")
        until(page, "[...document.querySelectorAll('.map img')].every(one => one.naturalWidth > 0)")
        assert "over=yes" in page.url
        checked("two maps on one scale")
        page.get_by_label("unit").fill("0:1")
        page.get_by_label("unit").press("Enter")
        page.get_by_label("steps").fill("24")
        page.get_by_label("steps").press("Tab")
        assert {"steps=24", "method=gradient", "over=yes"} <= set(page.url.partition("?")[2].split("&"))  # what is chosen is a link
        page.get_by_role("button", name="synthesise").click()
        page.wait_for_selector(".made p")
        assert page.locator(".made img").get_attribute("src").startswith("data:image/webp")
        checked("a picture")
        page.get_by_role("button", name="keep the picture in the atlas").click()
        page.get_by_text("Kept in the atlas").wait_for()
        page.get_by_label("steps").fill("1024")
        page.get_by_role("button", name="synthesise").click()
        page.get_by_alt_text("The picture as it forms").wait_for()
        checked("a picture that forms")
        assert "of 1024" in page.locator(".made").inner_text()
        assert "as far as it came" not in page.locator(".made").inner_text()
        page.get_by_role("button", name="cancel").click()
        page.get_by_role("status").filter(has_text="cancelled").wait_for()
        assert "as far as it came" in page.locator(".made").inner_text()
        page.get_by_label("unit").fill("nothing:1")
        page.get_by_label("unit").press("Enter")
        page.get_by_role("button", name="synthesise").click()
        page.get_by_role("alert").wait_for()
        look.told[:] = [line for line in look.told if "400" not in line]
        kept = open_atlas(atlas.path).manifest.kept
        assert [one.address for one in kept] == ["0:1"]
        page.goto(base + "?again#/small~231/0/1")
        page.get_by_role("region", name="Kept from the bench").locator("img").wait_for()
        page.wait_for_load_state("networkidle")  # nothing is asked of the server once it has gone
        page.goto("about:blank")


def test_a_static_page_asks_nothing_and_says_how_to_have_a_bench(look: Any, files_server: str) -> None:
    page = look("#/-/bench", base=files_server)
    assert page.get_by_text("optogram serve ATLAS --model MODEL").is_visible()
    page.evaluate("location.hash = '#/'")
    page.wait_for_selector(".opening")
    assert page.get_by_role("link", name="Live bench").count() == 0
