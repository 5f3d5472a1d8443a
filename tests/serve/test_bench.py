"""The live bench: its answers are those of the library's own verbs; jobs are shown, ended and kept."""

from __future__ import annotations

import base64
import io
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.atlas.conftest import small
from tests.serve.conftest import Served, photograph, serving

import optogram as og
from optogram.atlas.gallery import as_image
from optogram.atlas.open import Atlas, open_atlas
from optogram.atlas.seen import seen, usual_of
from optogram.errors import StaleError
from optogram.network.receptive_field import fields_of
from optogram.serve.bench import Bench
from optogram.serve.jobs import Limits


def frame(served: Served, seed: int = 0) -> torch.Tensor:
    """The same photograph in the input frame, by Pillow and hand: short side 32, the middle square."""
    picture = Image.open(io.BytesIO(photograph(seed))).resize((48, 32), Image.Resampling.BILINEAR).crop((8, 0, 40, 32))
    return as_image(np.asarray(picture))


def test_the_page_is_told_that_it_is_live_and_what_it_may_ask(live: Served) -> None:
    page = live.ask("GET", "/")[1]
    assert b'<meta name="optogram-live" content="./api/" />' in page
    assert b"optogram-live" not in (live.atlas.path / "index.html").read_bytes()
    told = live.json("GET", "/api/bench")
    assert told["network"] == live.atlas.network().slug
    assert {"gradient", "guided_backprop", "integrated_gradients"} <= set(told["methods"])
    assert {"pixel", "fourier"} <= set(told["canvases"])


def test_a_photograph_is_seen_as_the_network_sees_it(live: Served) -> None:
    name = live.dropped()
    assert live.dropped() == name
    assert live.dropped(1) != name
    shown = Image.open(io.BytesIO(live.ask("GET", f"/api/photographs/{name}")[1]))
    assert shown.size == (32, 32)
    looked = live.done(kind="look", photograph=name)["result"]
    responses = live.network.run(frame(live), "input")
    assert responses is not None
    best = responses[0].argsort(descending=True)
    assert [one["label"] for one in looked["predictions"]] == [("tabby", "lemon", "page")[int(unit)] for unit in best]
    assert [one["response"] for one in looked["predictions"]] == pytest.approx(responses[0][best].tolist(), rel=1e-5)


def test_what_a_photograph_drives_is_told_against_the_atlas(live: Served) -> None:
    rows = live.done(kind="look", photograph=live.dropped())["result"]["seen"]
    most = [index for index, kind in enumerate(rows["kind"]) if kind == "most" and rows["site"][index] == "2"]
    greatest = live.network.read("2", frame(live)).flatten(2).amax(2)[0]
    for index in most:
        assert rows["response"][index] == pytest.approx(float(greatest[rows["unit"][index]]), rel=1e-5)
    assert 5 not in [rows["unit"][index] for index in most]  # dead
    shares = [rows["share"][index] for index in most]
    assert shares == sorted(shares, reverse=True)
    panel = og.sweep(live.network, og.open_images(_pixels()), panel=30, progress=False).panel.greatest("2")
    exact = [(panel[:, rows["unit"][index]] < rows["response"][index]).mean() for index in most]
    assert np.abs(np.array(shares) - exact).max() <= 0.12  # within what one bin of 30 photographs may hold


def test_units_unusual_at_a_place_are_those_of_the_sweep(live: Served) -> None:
    """What the atlas keeps of the panel tells the same as the panel itself."""
    rows = live.done(kind="look", photograph=live.dropped())["result"]["seen"]
    swept = og.sweep(live.network, og.open_images(_pixels()), panel=30, progress=False)
    chosen = [live.network.site(site) for site in ("0", "2")]
    mine = seen(live.network, chosen, fields_of(live.network, chosen), partial(usual_of, swept.panel), frame(live))
    for site in ("0", "2"):
        one, other = ([row for row in _places(table) if row[0] == site] for table in (rows, mine))
        assert one
        assert one == other


def _places(table: dict[str, list[Any]]) -> list[tuple[Any, ...]]:
    columns = [table[name] for name in ("site", "unit", "row", "column")]
    above = [round(value, 2) for value in table["above"]]
    return [row for row, kind in zip(zip(*columns, above, strict=True), table["kind"], strict=True) if kind == "place"]


def test_maps_are_those_of_attribute(live: Served) -> None:
    name = live.dropped()
    found = live.done(kind="attribute", photograph=name, target="6:tabby", method="integrated_gradients", settings={"steps": 7})["result"]
    values = np.frombuffer(base64.b64decode(found["numbers"]), np.int8).reshape(found["height"], found["width"]) * (found["limit"] / 127)
    whole = og.Network(live.network.module, labels=live.network.labels)
    mine = og.attribute(whole, frame(live), "6:tabby", method="integrated_gradients", steps=7, progress=False).map()
    inside = np.abs(mine) < found["limit"]
    assert np.abs(values - mine)[inside].max() <= found["limit"] / 127
    assert np.abs(mine).max() > 0


def test_a_picture_forms_before_ones_eyes(live: Served) -> None:
    job = live.json("POST", "/api/jobs", {"kind": "synthesize", "target": "2:3", "steps": 400, "size": 64, "seed": 3}, 202)
    events = list(live.events(job["id"]))
    frames = [event for event in events if event["event"] == "frame"]
    assert frames
    assert [event["step"] for event in frames] == sorted({event["step"] for event in frames})
    assert all(Image.open(io.BytesIO(base64.b64decode(event["picture"].partition(",")[2]))).size == (64, 64) for event in frames)
    last = events[-1]
    assert last["event"] == "done"
    mine = og.synthesize(live.network, ["2:3"], steps=400, size=64, seed=3, progress=False)
    assert last["result"]["activation"] == pytest.approx(float(mine.activations[0]), rel=1e-3)
    assert last["result"]["verdict"] == mine.verdict[0]
    late = list(live.events(job["id"]))  # whoever comes late is told the end at once
    assert [event["event"] for event in late] == ["done"]


def test_jobs_wait_in_one_queue_and_can_be_ended(live: Served) -> None:
    long = {"kind": "synthesize", "target": "2:3", "steps": 1024, "size": 512}
    first, second, third = (live.json("POST", "/api/jobs", long, 202) for _ in range(3))
    assert [first["ahead"], second["ahead"], third["ahead"]] == [0, 1, 2]
    assert live.json("DELETE", f"/api/jobs/{second['id']}")["event"] == "cancelled"  # it had not begun
    while live.json("GET", f"/api/jobs/{first['id']}")["event"] == "waiting":
        time.sleep(0.01)
    live.json("DELETE", f"/api/jobs/{first['id']}")
    assert live.ended(first["id"])["event"] == "cancelled"
    live.json("DELETE", f"/api/jobs/{third['id']}")
    assert live.ended(third["id"])["event"] == "cancelled"
    assert live.done(kind="look", photograph=live.dropped())["event"] == "done"  # the queue goes on


def test_too_many_and_too_long_are_refused(built: Path) -> None:
    with serving(open_atlas(built), small(), Limits(waiting=2, seconds=0.5)) as served:
        long = {"kind": "synthesize", "target": "2:3", "steps": 1024, "size": 512}
        jobs = [served.json("POST", "/api/jobs", long, 202)["id"]]
        while served.json("GET", f"/api/jobs/{jobs[0]}")["event"] == "waiting":
            time.sleep(0.01)
        jobs += [served.json("POST", "/api/jobs", long, 202)["id"] for _ in range(2)]
        answer, content = served.ask("POST", "/api/jobs", long)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert "2 wait already" in json.loads(content)["error"]
        first = served.ended(jobs[0])
        assert first["event"] == "failed"
        assert "longer than the 0.5 s" in first["error"]
        for job in jobs[1:]:
            served.json("DELETE", f"/api/jobs/{job}")


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"kind": "attribute", "target": "2:99", "method": "gradient"}, "asked for 99"),
        ({"kind": "attribute", "target": "2:3", "method": "gradiant"}, "gradient"),
        ({"kind": "attribute", "target": "2:3", "method": "integrated_gradients", "settings": {"stops": 3}}, "steps"),
        ({"kind": "attribute", "target": "2:3", "method": "integrated_gradients", "settings": {"baseline": "/etc/passwd"}}, "settings"),
        ({"kind": "synthesize", "target": "2:99"}, "asked for 99"),
        ({"kind": "synthesize", "target": "2:3", "canvas": "forier"}, "fourier"),
        ({"kind": "synthesize", "target": "2:3", "steps": 10**9}, "less than or equal to 1024"),
        ({"kind": "synthesize", "target": "2:3", "image": "/etc/passwd"}, "image"),
        ({"kind": "paint"}, "look"),
        ({}, "kind"),
    ],
)
def test_what_cannot_be_asked_says_why(live: Served, wish: dict[str, object], told: str) -> None:
    if wish.get("kind") == "attribute":
        wish = {**wish, "photograph": live.dropped()}
    answer, content = live.ask("POST", "/api/jobs", wish)
    found = json.loads(content)
    if answer.status == 202:
        found = live.ended(found["id"])
        assert found["event"] == "failed"
    else:
        assert answer.status == 400
    assert told in found["error"]


def test_what_is_made_is_kept_in_the_atlas(atlas: Atlas) -> None:
    with serving(atlas, small()) as served:
        before = {path: path.read_bytes() for path in atlas.path.rglob("*") if path.is_file() and path.name != "manifest.json"}
        made = served.done(kind="synthesize", target="2:3", steps=4)
        name = served.dropped()
        mapped = served.done(kind="attribute", photograph=name, target="6:0", method="gradient")
        answer, content = served.ask("POST", f"/api/jobs/{mapped['id']}/keep")
        assert (answer.status, "look" in json.loads(content)["error"]) == (400, True)
        looked = served.done(kind="look", photograph=name)
        for job in (made, looked, looked, made):
            served.json("POST", f"/api/jobs/{job['id']}/keep")
        kept = open_atlas(atlas.path)
        assert not kept.missing()
        assert [one.address for one in kept.manifest.kept] == ["2:3"]
        photographs = kept.network().photographs
        assert len(photographs) == len(atlas.network().photographs) + 1
        assert [(one.method, one.target) for one in photographs[-1].maps] == [("gradient", "6:0")]
        assert photographs[-1].predictions[0][0] == looked["result"]["predictions"][0]["label"]
        assert all(path.read_bytes() == content for path, content in before.items())
        assert served.ask("GET", f"/{kept.manifest.kept[0].file.path}")[0].status == 200
        assert kept.networks[1:] == atlas.networks[1:]


def test_an_atlas_of_other_weights_is_refused(built: Path) -> None:
    other = small()
    with torch.no_grad():
        next(other.module.parameters()).add_(1)
    with pytest.raises(StaleError, match="--weights"):
        Bench(open_atlas(built), other)


def test_the_network_is_as_it_was(live: Served) -> None:
    before = live.network.weights_hash
    live.done(kind="synthesize", target="2:3", steps=4)
    live.done(kind="attribute", photograph=live.dropped(), target="6:0", method="guided_backprop")
    assert live.network.weights_hash == before
    assert all(parameter.grad is None for parameter in live.network.module.parameters())


def test_the_interface_is_documented_as_it_is(live: Served) -> None:
    found = live.json("GET", "/api/openapi.json")
    assert found["openapi"].startswith("3.1")
    from optogram.serve.app import _Live
    from optogram.serve.files import Files

    routes = _Live(live.bench, Files(live.atlas.path, live=True)).routes()
    served = {(route.path, method.lower()) for route in routes for method in (route.methods or ()) if method != "HEAD"}
    assert served == {(path, method) for path, methods in found["paths"].items() for method in methods}
    names = set(found["components"]["schemas"])
    for reference in json.dumps(found).split('"#/components/schemas/')[1:]:
        assert reference.split('"')[0] in names


def _pixels() -> np.ndarray:
    from tests.atlas.conftest import pixels

    return pixels()
