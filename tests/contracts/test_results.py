"""What every result promises: frozen, with its provenance, kept and read back, shown without anything from elsewhere."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.contracts.verbs import VERBS, Case, case

import optogram as og
from optogram.result import Result, versions

RESULTS = {
    "Attribution": "attribute",
    "ConceptTest": "tcav",
    "Concepts": "concepts",
    "Evidence": "judge",
    "Ranking": "rank",
    "Sanity": "sanity",
    "Score": "score",
    "Sweep": "sweep",
    "Synthesis": "synthesize",
    "WeightImages": "weight_images",
}
WITHOUT_PHOTOGRAPHS = ("Synthesis", "WeightImages")
MADE: dict[str, Result] = {}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return case(tmp_path_factory.mktemp("results"))


@pytest.fixture(params=RESULTS)
def found(request: pytest.FixtureRequest, given: Case) -> Result:
    if request.param not in MADE:
        MADE[request.param] = VERBS[RESULTS[request.param]](given)
    assert type(MADE[request.param]).__name__ == request.param
    return MADE[request.param]


def test_every_public_result_is_in_the_table() -> None:
    public = {name for name in og.__all__ if inspect.isclass(getattr(og, name)) and issubclass(getattr(og, name), Result)}
    assert public == set(RESULTS)


def test_it_is_frozen(found: Result) -> None:
    for field in dataclasses.fields(found):  # type: ignore[arg-type]
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(found, field.name, None)


def test_its_provenance_is_enough_to_make_it_again(found: Result, given: Case) -> None:
    told = found.provenance
    assert told.verb == RESULTS[type(found).__name__]
    assert told.network == "trained"
    assert told.weights == given.network.weights_hash
    assert (told.images == "") == (type(found).__name__ in WITHOUT_PHOTOGRAPHS)
    assert told.settings
    assert dict(told.versions) == versions()
    assert set(told.versions) == {"python", "optogram", "torch", "numpy"}
    assert type(found).__name__ == "WeightImages" or type(found).__name__ in ("Attribution", "Ranking", "Score") or told.seed == 0
    assert json.loads(json.dumps(told.as_dict(), default=str))["verb"] == told.verb


def test_numbers_come_back_from_disk(found: Result, tmp_path: Path) -> None:
    if isinstance(found, og.Sweep):
        again = og.Sweep.load(found.save(tmp_path / "kept.safetensors"))
        assert again.provenance == found.provenance
        for site in found.sites:
            assert np.array_equal(again.ranked(site).activations, found.ranked(site).activations, equal_nan=True)
        (tmp_path / "kept.safetensors").unlink()
    arrays = found.arrays()
    assert arrays
    with np.load(found.save(tmp_path / "kept.npz"), allow_pickle=False) as kept:
        assert set(kept.files) == {*arrays, "provenance"}
        for name, value in arrays.items():
            assert kept[name].dtype == value.dtype
            assert kept[name].shape == value.shape
            assert np.array_equal(kept[name], value, equal_nan=value.dtype.kind == "f")
        told = json.loads(str(kept["provenance"]))
    assert (told["verb"], told["weights"], told["images"]) == (found.provenance.verb, found.provenance.weights, found.provenance.images)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.npz"]


def test_its_figure_is_kept_pixel_by_pixel(found: Result, tmp_path: Path) -> None:
    try:
        drawn = found.figure()
    except TypeError as error:
        assert re.search(r"has no figure; its numbers are in|there is nothing to draw", str(error))
        return
    with Image.open(found.save(tmp_path / "kept.png")) as kept:
        assert np.array_equal(np.asarray(kept.convert("RGB")), np.asarray(drawn.convert("RGB")))
    pixels = np.asarray(drawn.convert("L"))
    assert pixels.std() > 1, "something is drawn"


FOREIGN = re.compile(r"https?:|src=[\"'](?!data:)|href=|url\(|@import|<script|<link|<iframe", re.IGNORECASE)


def test_the_pattern_finds_what_loads_from_elsewhere() -> None:
    for text in (
        '<img src="https://a.b/c.png">',
        '<img src="c.png">',
        '<script src="x">',
        "<style>@import 'a'</style>",
        '<p style="background:url(a)">',
    ):
        assert FOREIGN.search(text)
    assert not FOREIGN.search('<p>a</p><img alt="a" src="data:image/png;base64,AAAA">')


def test_a_notebook_loads_nothing_from_elsewhere(found: Result, given: Case) -> None:
    shown: list[Any] = [found, given.network, given.network.sites()]
    shown += [found.exemplars("norm:0")] if isinstance(found, og.Sweep) else []
    for one in shown:
        page = one._repr_html_()
        assert len(page) > 10
        assert not FOREIGN.search(page), type(one).__name__
        assert str(one)
