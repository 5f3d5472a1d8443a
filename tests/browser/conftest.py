"""A small atlas, two servers of it, and pages that tell of every error and every request elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.browser import small_atlas

from optogram.serve.static import static_server

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

SETTLED = ".fault, footer, [role=grid], tbody, .sites, .maps, .opening"
"""What every page holds once its tables are read."""

NO_LABS = "/labs/index.json"
"""The list of saved labs, which few atlases have: that a server says 404 is how the labs' page learns that there is none."""

Open = Callable[..., Any]


@pytest.fixture(scope="session")
def small() -> ModuleType:
    """The module that writes the small atlas: its names and labels."""
    return small_atlas


@pytest.fixture(scope="session")
def planted(small: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The small atlas on disk, in a sub-folder of a folder that a server may serve."""
    return small.write(tmp_path_factory.mktemp("served") / "deep" / "my atlas")


def _serving(server: ThreadingHTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def files_server(planted: Any) -> Iterator[str]:
    """The atlas as files, served by optogram."""
    yield from _serving(static_server(planted.root, 0))


@contextmanager
def served_live(root: Path) -> Iterator[str]:
    """An atlas from the live server, with a network that says that it has the atlas's weights."""
    pytest.importorskip("uvicorn")
    from tests.atlas import conftest as tiny
    from tests.serve.conftest import serving

    import optogram as og
    from optogram.atlas.open import open_atlas

    class Same(og.Network):
        weights_hash = small_atlas.WEIGHTS

    network = tiny.small()
    with serving(open_atlas(root), Same(network.module, network.preprocess, network.labels, name=small_atlas.NETWORK)) as served:
        yield f"http://127.0.0.1:{served.port}/"


@pytest.fixture(scope="session")
def live_server(planted: Any) -> Iterator[str]:
    """The small atlas, live."""
    with served_live(planted.root) as base:
        yield base


@pytest.fixture(scope="session", params=["files", pytest.param("live", marks=pytest.mark.slow)])
def how(request: pytest.FixtureRequest) -> str:
    """How optogram serves an atlas, as files and live: every scene plays on both."""
    return str(request.param)


@pytest.fixture(scope="session")
def own_server(request: pytest.FixtureRequest, how: str) -> str:
    """The small atlas served by optogram."""
    return str(request.getfixturevalue(f"{how}_server"))


class _Plain(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="session")
def plain_server(planted: Any) -> Iterator[str]:
    """The folder two above the atlas, served as `python -m http.server` does: no ranges."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Plain, directory=str(planted.root.parents[1])))
    server.daemon_threads = True
    yield from _serving(server)


@contextmanager
def served(root: Path) -> Iterator[str]:
    """An atlas served by optogram, for as long as it is looked at."""
    yield from _serving(static_server(root, 0))


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory, how: str) -> Iterator[str]:
    """An atlas with a site of 10,000 units, served by optogram."""
    from tests.browser.large_atlas import write_large

    root = write_large(tmp_path_factory.mktemp("large") / "atlas")
    with served(root) if how == "files" else served_live(root) as base:
        yield base


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """Chromium without a head."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield found
        found.close()


def _is_trouble(message: Any) -> bool:
    absent = "404" in message.text and message.location["url"].endswith(NO_LABS)
    return message.type in ("error", "warning") and not absent


def _is_missed(answer: Any) -> bool:
    return answer.status >= 400 and not (answer.status == 404 and answer.url.endswith(NO_LABS))


SETTLE = "await Promise.all(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished.catch(() => null)))"
"""Colours that are on their way from one theme to the other are no fault."""


@pytest.fixture(scope="session")
def serious(repository: Path) -> Callable[[Any], list[str]]:
    """What axe finds serious or critical on a page as it stands."""
    path = repository / "web" / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        pytest.skip("no axe-core: npm ci in web/ brings it")
    script = path.read_text()

    def found(page: Any) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(script)
        page.evaluate(f"async () => {{ {SETTLE} }}")
        told = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
        return [f"{one['id']}: {one['nodes'][0]['html'][:140]}" for one in told if one["impact"] in ("serious", "critical")]

    return found


@pytest.fixture
def look(browser: Any, own_server: str) -> Iterator[Open]:
    """`look("#/tiny", width=390)` gives a page; at the end it must have met no error, and asked nothing of another origin."""
    told: list[str] = []
    contexts = []

    def opened(address: str = "", width: int = 1280, height: int = 720, base: str = own_server, **context: Any) -> Any:
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **context))
        page = contexts[-1].new_page()
        page.set_default_timeout(30_000)  # how soon something comes is measured, not waited for: others may use the machine
        page.on("console", lambda message: told.append(f"console: {message.text}") if _is_trouble(message) else None)
        page.on("pageerror", lambda error: told.append(f"error: {error}"))
        page.on("response", lambda answer: told.append(f"{answer.status}: {answer.url}") if _is_missed(answer) else None)
        page.on("request", lambda asked: None if asked.url.startswith((base, "data:", "blob:")) else told.append(f"elsewhere: {asked.url}"))
        page.goto(base + address)
        page.wait_for_selector(SETTLED, state="attached")
        return page

    opened.told = told  # type: ignore[attr-defined]
    yield opened
    for context in contexts:
        context.close()
    assert told == []
