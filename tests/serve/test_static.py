"""The file server: what it gives, what it keeps to itself, and what a browser may keep."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from optogram.errors import SettingError
from optogram.serve.static import static_server

PACK = bytes(range(256)) * 8
HASHED = "/data/plates-0-0123456789.pack"
FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    above = tmp_path_factory.mktemp("served")
    (above / "secret.txt").write_text("secret")
    (above / "atlas" / "data").mkdir(parents=True)
    (above / "atlas" / "index.html").write_text("<title>atlas</title>")
    (above / "atlas" / "manifest.json").write_text("{}")
    (above / "atlas" / HASHED[1:]).write_bytes(PACK)
    with static_server(above / "atlas", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("bytes=0-9", 0, 9), ("bytes=2040-", 2040, 2047), ("bytes=100-99999", 100, 2047), ("bytes=2047-2047", 2047, 2047)]
)
def test_a_range_is_that_part(port: int, asked: str, first: int, last: int) -> None:
    answer, content = ask(port, HASHED, Range=asked)
    assert answer.status == 206
    assert content == PACK[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/2048"
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert answer.headers["Cache-Control"] == FOR_EVER


def test_a_range_beyond_the_end_is_refused(port: int) -> None:
    answer, content = ask(port, HASHED, Range="bytes=2048-2050")
    assert (answer.status, content, answer.headers["Content-Range"]) == (416, b"", "bytes */2048")
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("asked", [None, "bytes=0-1,5-6", "rows=0-1", "bytes=-"])
def test_the_whole_file_where_no_single_range_is_asked(port: int, asked: str | None) -> None:
    answer, content = ask(port, HASHED, **({} if asked is None else {"Range": asked}))
    assert (answer.status, content) == (200, PACK)
    assert (answer.headers["Accept-Ranges"], answer.headers["Content-Type"]) == ("bytes", "application/octet-stream")


def test_head_gives_the_length_alone(port: int) -> None:
    answer, content = ask(port, HASHED, "HEAD")
    assert (answer.status, content, answer.headers["Content-Length"]) == (200, b"", "2048")


def test_only_what_is_there_under_a_hashed_name_is_kept(port: int) -> None:
    assert ask(port, HASHED)[0].headers["Cache-Control"] == FOR_EVER
    assert ask(port, "/manifest.json")[0].headers["Cache-Control"] == "no-cache"
    assert ask(port, "/")[0].headers["Cache-Control"] == "no-cache"
    missing, _ = ask(port, "/data/plates-1-0123456789.pack")
    assert (missing.status, missing.headers["Cache-Control"]) == (404, "no-cache")


def test_folders_are_not_listed(port: int) -> None:
    assert b"<title>atlas</title>" in ask(port, "/")[1]
    for path in ("/data", "/data/"):
        answer, content = ask(port, path)
        assert answer.status == 404
        assert b"plates" not in content


@pytest.mark.parametrize("path", ["/../secret.txt", "/data/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "//../secret.txt"])
def test_nothing_above_the_folder_is_given(port: int, path: str) -> None:
    for asked in ({}, {"Range": "bytes=0-5"}):
        answer, content = ask(port, path, **asked)
        assert answer.status == 404
        assert b"secret" not in content.replace(b"secret.txt", b"")


def test_what_is_no_request_is_answered(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"GET / HTTP/9.9\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answered = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b"505" in answered


def test_a_taken_port_names_a_free_one(port: int, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=f"port {port} cannot be had") as caught:
        static_server(tmp_path, port)
    free = re.search(r"try --port (\d+)$", str(caught.value))
    assert free
    assert int(free[1]) != port
    with static_server(tmp_path, int(free[1])) as server:
        assert server.server_address[0] == "127.0.0.1"


def test_a_reader_who_left_is_no_news_but_a_fault_is(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with static_server(tmp_path, 0) as server:
        for fault, told in ((BrokenPipeError(), False), (ConnectionResetError(), False), (ValueError("a fault"), True)):
            try:
                raise fault
            except Exception:
                server.handle_error(None, ("127.0.0.1", 1))
            assert ("a fault" in capfd.readouterr().err) == told
