"""Labs, quiz and hypotheses as a reader uses them; what the unit's page says of weights, maps and tuning."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.browser.waiting import until

from optogram.evidence._table import read_marks

pytestmark = pytest.mark.browser


def _say(page: Any, role: str = "status") -> str:
    return str(page.get_by_role(role).last.inner_text())


def test_folding_goes_through_the_layers_by_key_and_says_what_python_says(look: Any, repository: Path) -> None:
    said = json.loads((repository / "web/src/lab/expected.json").read_text())["folding"]
    page = look("#/-/labs/folding?at=7.9")
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    until(page, "location.hash.endsWith('at=8')")
    patterns, maps, most = said["pieces"][3]
    assert f"After layer 4: {patterns} activation patterns and {maps} affine maps" in _say(page)
    assert f"at most {most}" in _say(page)
    page.get_by_label("network").select_option("planted")
    page.get_by_text("256 activation patterns").wait_for()


def test_a_bar_is_turned_by_key_and_the_curve_appears_as_it_is_measured(look: Any) -> None:
    page = look("#/-/labs/tuning?angle=20")
    page.get_by_text("You have shown 1 of 180 angles").wait_for()
    page.get_by_role("slider", name="Turn the bar").focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    page.get_by_text("You have shown 4 of 180 angles").wait_for()
    assert page.url.endswith("angle=35")
    page.get_by_role("button", name="sweep all angles").click()
    page.get_by_text("It prefers bars at").wait_for()


def test_numbers_move_as_they_are_typed_and_drawn(look: Any) -> None:
    page = look("#/-/labs/convolution?place=0")
    page.get_by_label("kernel entry 1").fill("0")
    page.get_by_label("stride").select_option("2")
    page.get_by_text("moving the window counts 30").wait_for()
    page.evaluate("location.hash = '#/-/labs/noise?x1=0.4&x2=0.8'")
    page.get_by_text("their magnitudes sum to 1: 100 % is left").wait_for()
    page.evaluate("location.hash = '#/-/labs/templates'")
    page.get_by_role("button", name="draw your own").click()
    page.locator(".pad button").first.click()
    until(page, "/own=4/.test(location.hash)")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    until(page, "/own=44/.test(location.hash)")


def in_both_themes(page: Any, serious: Callable[[Any], list[str]]) -> None:
    """axe finds nothing serious on the page as it stands."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        assert serious(page) == [], theme


def test_a_quiz_is_answered_by_key_and_its_score_goes_where_the_reader_exports_it(look: Any, serious: Callable[[Any], list[str]]) -> None:
    page = look("#/-/quiz?site=conv1")
    page.get_by_text("Trial 1 of").wait_for()
    trials = int(page.get_by_text("Trial 1 of").inner_text().split()[-1])
    assert trials == 11
    page.get_by_text("References: 9 strongest and 9 weakest of the other half, as many as the published task shows").wait_for()
    until(page, SHOWN, arg=20)  # nine, nine and the two that are asked about
    assert [page.locator(".both > div").nth(side).locator(".patch").count() for side in (0, 1)] == [9, 9]
    for number in range(trials):
        page.get_by_text(f"Trial {number + 1} of").wait_for()
        page.keyboard.press("1")
        page.get_by_text("It was").wait_for()
        if number == 0:
            in_both_themes(page, serious)
        page.keyboard.press("n")
    page.get_by_text("with another unit’s").wait_for()
    whose = page.get_by_role("table").locator("tbody tr").all_inner_texts()
    assert len(whose) == trials
    in_both_themes(page, serious)
    with page.expect_download() as kept:
        page.get_by_role("button", name="export as JSON").click()
    answers = json.loads(Path(kept.value.path()).read_text())
    assert len(answers) == trials
    own = [answer for answer in answers if not answer["control"]]
    assert len(own) == 9
    assert ["itself" in row for row in whose] == [not answer["control"] for answer in answers]
    assert all(answer["references"] in row for row, answer in zip(whose, answers, strict=True) if answer["control"])
    assert all((answer["references"] == answer["address"]) != answer["control"] for answer in answers)
    assert f"{sum(answer['right'] for answer in own)} of {len(own)} right" in page.locator("main").inner_text()


SHOWN = "count => [...document.querySelectorAll('.patch')].filter(one => one.style.backgroundImage.includes('blob:')).length === count"


def test_a_quiz_shows_what_an_atlas_has(look: Any) -> None:
    """An older atlas has no references: then those of the plate that lie in the other half. Nine synthesised pictures where there are nine."""
    page = look("#/-/quiz?site=layer1.0.a_block_with_quite_a_long_name%2Frelu%231")
    page.get_by_text("as many as this atlas keeps; the published task shows 9 of each").wait_for()
    assert {page.locator(".both > div").nth(side).locator(".patch").count() for side in (0, 1)} <= {4, 5}
    seen = set()
    for seed in range(6):
        page.evaluate("hash => { location.hash = hash }", f"#/-/quiz?seed={seed}&site=conv1&with=synthesised")
        page.get_by_text("synthesised to drive it").wait_for()
        page.wait_for_timeout(100)
        seen.add(page.locator(".made .patch").count())
    assert seen <= {1, 9}
    assert 1 in seen


def test_marks_that_follow_the_unit_are_told_so_and_python_reads_them(look: Any, small: Any, serious: Callable[[Any], list[str]]) -> None:
    """Unit 0 responds to the even photographs: marking exactly those gives an area of 1."""
    page = look("#/-/hypothesis?of=tiny%2Fconv1%2F0")
    until(page, "document.querySelectorAll('.marks button').length === 24")
    assert page.locator(".marks button").first.is_disabled()
    page.get_by_label("What it likes").fill("even ones")
    buttons = page.locator(".marks button[data-photo]")
    for number in range(small.HELD_OUT):
        photo = buttons.nth(number).get_attribute("data-photo")
        if int(photo) % 2 == 0:
            buttons.nth(number).click()
    page.get_by_role("button", name="I am done").click()
    page.get_by_text("in 100 % of pairs (100 to 100 %): 0 of 999 ways").wait_for()
    assert "do as well by the same marks" in page.locator("main").inner_text()
    in_both_themes(page, serious)
    page.set_viewport_size({"width": 320, "height": 640})
    until(page, "[...document.querySelectorAll('.null .head')].every(one => one.getBoundingClientRect().right <= 304)")  # the line, on a phone too
    with page.expect_download() as kept:
        page.get_by_role("button", name="marks as CSV").click()
    marks = read_marks(Path(kept.value.path()))
    assert marks == {f"folder/photo {number}.jpg": number % 2 == 0 for number in range(small.HELD_OUT)}


def test_a_units_page_says_what_it_is_made_of_mapped_and_tuned_to(look: Any) -> None:
    page = look("#/tiny/conv1/0")
    page.wait_for_selector("#links")
    links = page.get_by_role("region", name="What it is made of, and part of")
    assert links.locator("li").all_inner_texts() == ["conv1:2\n+0.5\n, the sum of its weights", "fc:great white shark\n−2\n, the sum of its weights"]
    maps = page.get_by_role("region", name="What it is about them")
    assert maps.locator("canvas").count() == 3
    column = maps.locator("canvas").first.evaluate("map => [...map.getContext('2d').getImageData(0, 0, 1, 11).data]")
    assert (column[:3], column[-4:-1]) == ([37, 107, 177], [160, 80, 0])
    page.keyboard.press("a")
    until(page, "!document.querySelector('#mapped').parentElement.querySelector('canvas')")
    assert page.url.endswith("?maps=no")
    assert page.get_by_text("Prefers stripes at 45°").is_visible()
    links.get_by_role("link").last.click()
    until(page, "document.querySelector('h1').innerText === 'fc:great white shark'")
