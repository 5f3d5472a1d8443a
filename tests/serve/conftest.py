"""A live bench over a small atlas, in a server that listens on a free port."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image
from tests.atlas.conftest import SETTINGS, pixels, small

import optogram as og
from optogram.atlas.build import build_atlas
from optogram.atlas.open import Atlas, open_atlas
from optogram.serve.app import application
from optogram.serve.bench import Bench
from optogram.serve.guard import LOOPBACK
from optogram.serve.jobs import Limits
from optogram.serve.static import opened_socket


@dataclass(frozen=True)
class Served:
    """A server, and how to ask it."""

    port: int
    atlas: Atlas
    network: og.Network
    bench: Bench

    def ask(self, method: str, path: str, body: bytes | dict[str, Any] | None = None, **headers: str) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        connection.request(method, path, content, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = answer.read()
        connection.close()
        return answer, found

    def json(self, method: str, path: str, body: bytes | dict[str, Any] | None = None, code: int = 200) -> dict[str, Any]:
        answer, found = self.ask(method, path, body)
        assert answer.status == code, found
        decoded: dict[str, Any] = json.loads(found)
        return decoded

    def dropped(self, seed: int = 0) -> str:
        """The id of a photograph that was put up."""
        return str(self.json("POST", "/api/photographs", photograph(seed), 201)["id"])

    def done(self, **wish: Any) -> dict[str, Any]:
        """A job at its end."""
        return self.ended(self.json("POST", "/api/jobs", wish, 202)["id"])

    def ended(self, job: str, seconds: float = 60) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while (found := self.json("GET", f"/api/jobs/{job}"))["event"] in ("waiting", "running"):
            assert time.monotonic() < end, found
            time.sleep(0.02)
        return found

    def events(self, job: str) -> Iterator[dict[str, Any]]:
        """What a listener is told, to the end."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", f"/api/jobs/{job}/events")
        answer = connection.getresponse()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        for line in answer:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])
        connection.close()


def photograph(seed: int = 0, side: int = 48, kind: str = "PNG") -> bytes:
    """A photograph's file: coarse noise, wider than high."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    sink = io.BytesIO()
    Image.fromarray(coarse.repeat(side // 4, axis=0).repeat(side // 4, axis=1)).save(sink, kind)
    return sink.getvalue()


@contextlib.contextmanager
def serving(atlas: Atlas, network: og.Network, limits: Limits | None = None, **how: Any) -> Iterator[Served]:
    bench = Bench(atlas, network, limits or Limits())
    config = uvicorn.Config(application(atlas, bench, how.pop("hosts", LOOPBACK), **how), log_level="error", ws="none", limit_concurrency=300)
    server = uvicorn.Server(config)
    with opened_socket("127.0.0.1", 0) as opened:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield Served(opened.getsockname()[1], atlas, network, bench)
        finally:
            server.should_exit = True
            thread.join(timeout=20)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("live") / "atlas"
    build_atlas(small(), og.open_images(pixels()), path, settings=SETTINGS, progress=False)
    return path


@pytest.fixture
def atlas(built: Path, tmp_path: Path) -> Atlas:
    """A copy that a test may change."""
    shutil.copytree(built, tmp_path / "atlas")
    return open_atlas(tmp_path / "atlas")


@pytest.fixture(scope="module")
def live(built: Path) -> Iterator[Served]:
    """A server whose atlas nobody changes."""
    with serving(open_atlas(built), small()) as served:
        yield served
