"""Who may ask, and what hostile requests come to."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import socket
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.atlas.conftest import small
from tests.serve.conftest import Served, photograph, serving

from optogram.atlas.open import open_atlas
from optogram.errors import SettingError
from optogram.serve import app, files
from optogram.serve.live import check_address, hosts_of
from optogram.serve.static import opened_socket


def test_other_names_and_other_sites_are_refused(live: Served) -> None:
    own = f"127.0.0.1:{live.port}"
    assert live.ask("GET", "/api/bench", Host="evil.example")[0].status == 403  # a name that was bent to this machine
    assert live.ask("GET", "/", Host="evil.example:80")[0].status == 403
    assert live.ask("GET", "/api/bench", Host=own.replace("127.0.0.1", "localhost"))[0].status == 200
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{live.port + 1}", "http://localhost"):
        assert live.ask("POST", "/api/photographs", photograph(), Origin=origin)[0].status == 403
    assert live.ask("POST", "/api/photographs", photograph(), Origin=f"http://{own}")[0].status == 201
    assert live.ask("POST", "/api/jobs", {}, Sec_Fetch_Site="cross-site")[0].status == 403


def test_every_answer_binds_the_page(live: Served) -> None:
    for path in ("/", "/api/bench", "/nothing", "/manifest.json"):
        headers = live.ask("GET", path)[0].headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert policy["script-src"] == "'self'"
        assert policy["default-src"] == "'none'"
        assert "http" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/../manifest.json/../../secret",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/data/../.build/settings.json",
        "/.build/settings.json",
        "/assets",
        "/data/%00",
        "/api/photographs/..%2f..%2fmanifest.json",
        "/api/jobs/..%2f..",
    ],
)
def test_no_path_reaches_the_disk(live: Served, path: str) -> None:
    assert (live.atlas.path / ".build" / "settings.json").exists()
    assert live.ask("GET", path)[0].status == 404


def test_what_is_not_known_any_more_is_404_and_what_cannot_be_is_400(live: Served) -> None:
    for method, path in (("GET", "/api/jobs/0"), ("DELETE", "/api/jobs/0"), ("GET", "/api/jobs/0/events"), ("GET", "/api/photographs/0")):
        assert live.ask(method, path)[0].status == 404, path
    assert live.ask("POST", "/api/jobs", {"kind": "look", "photograph": "0"})[0].status == 404
    assert live.ask("POST", "/api/jobs", {"kind": "synthesize", "target": "9:9"})[0].status == 400


def test_files_and_their_parts_are_the_atlas_s(live: Served) -> None:
    path = live.atlas.network().sites[0].units_file.path
    content = (live.atlas.path / path).read_bytes()
    whole, found = live.ask("GET", f"/{path}")
    assert (whole.status, found) == (200, content)
    assert whole.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    part, found = live.ask("GET", f"/{path}", Range="bytes=3-9")
    assert (part.status, found, part.headers["Content-Range"]) == (206, content[3:10], f"bytes 3-9/{len(content)}")
    rest, found = live.ask("GET", f"/{path}", Range=f"bytes=3-{2 * len(content)}")
    assert (rest.status, found) == (206, content[3:])
    assert live.ask("GET", f"/{path}", Range=f"bytes={len(content)}-")[0].status == 416
    head, nothing = live.ask("HEAD", f"/{path}")
    assert (head.status, nothing, head.headers["Content-Length"]) == (200, b"", str(len(content)))
    manifest, content = live.ask("GET", "/manifest.json")
    assert (manifest.headers["Cache-Control"], manifest.headers["Content-Type"]) == ("no-cache", "application/json")
    assert content == (live.atlas.path / "manifest.json").read_bytes()
    again, nothing = live.ask("GET", "/manifest.json", If_None_Match=manifest.headers["ETag"])
    assert (again.status, nothing) == (304, b"")


def test_what_is_held_in_memory_is_bounded_and_never_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_HELD", 250)
    for name in "abcd":
        (tmp_path / name).write_bytes(name.encode() * 100)
    held = files.Files(tmp_path, live=False)

    def content(name: str, version: int) -> bytes:
        with ThreadPoolExecutor(1) as apart:  # a browser of another test may hold this thread's loop
            return apart.submit(lambda: asyncio.run(held._content(tmp_path / name, version))).result()

    for name in "abcda":
        assert content(name, 0) == name.encode() * 100
    assert sum(map(len, held._held.values())) <= 250
    (tmp_path / "a").write_bytes(b"new")
    assert content("a", 1) == b"new"


def bomb(side: int) -> bytes:
    """A PNG of so many pixels a side in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def test_hostile_files_are_refused_by_reason(live: Served) -> None:
    whole = photograph(kind="JPEG")
    for content, told in (
        (b"", "empty"),
        (b"<svg onload='alert(1)'/>", "not an image"),
        (whole[: len(whole) // 2], "truncated"),
        (bomb(100_000), "gigapixels"),
        (bomb(8_000), "0.05"),  # 64 megapixels: fewer than a folder of photographs may hold, more than the bench takes
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n", ""),
        (np.random.default_rng(0).bytes(5000), "not an image"),
    ):
        answer, found = live.ask("POST", "/api/photographs", content)
        assert answer.status == 400, content[:20]
        assert told in json.loads(found)["error"]


def test_what_is_too_large_is_not_read(live: Served) -> None:
    connection = HTTPConnection("127.0.0.1", live.port, timeout=20)
    connection.putrequest("POST", "/api/photographs")
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    assert connection.getresponse().status == 413  # no byte of it was sent
    connection.close()
    chunked = (bytes(1_000_000) for _ in range(1000))
    connection = HTTPConnection("127.0.0.1", live.port, timeout=20)
    try:
        connection.request("POST", "/api/photographs", chunked, {"Transfer-Encoding": "chunked"}, encode_chunked=True)
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server hung up on the flood
    connection.close()
    assert live.ask("POST", "/api/jobs", b'{"kind": "look", "photograph": "' + b"a" * 30_000 + b'"}')[0].status == 413
    assert live.ask("GET", "/api/bench")[0].status == 200


def test_slow_and_broken_off_uploads_keep_nobody_waiting(live: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "UPLOAD_S", 3.0)
    slow = []
    for _ in range(50):
        one = socket.create_connection(("127.0.0.1", live.port), timeout=20)
        one.sendall(f"POST /api/photographs HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\nContent-Length: 1000\r\n\r\nabc".encode())
        slow.append(one)
    assert live.dropped()
    slow[-1].setblocking(False)
    with pytest.raises(BlockingIOError):  # nobody waited for these to be given up
        slow[-1].recv(1)
    slow[-1].settimeout(20)
    for one in slow[:25]:
        one.close()  # broken off
    for one in slow[25:]:
        assert b" 408 " in one.recv(100)
        one.close()
    assert live.dropped()


def test_a_hundred_at_once_are_all_answered(live: Served) -> None:
    name = live.dropped()

    def client(number: int) -> tuple[int, int]:
        first = live.ask("GET", "/manifest.json")[0].status
        answer, content = live.ask("POST", "/api/jobs", {"kind": "look", "photograph": name})
        if answer.status == 202:
            assert live.ended(json.loads(content)["id"])["event"] == "done"
        return first, answer.status

    with ThreadPoolExecutor(100) as clients:
        found = list(clients.map(client, range(100)))
    assert {first for first, _ in found} == {200}
    assert {second for _, second in found} <= {202, 503}
    assert sum(second == 202 for _, second in found) >= 16


def test_listeners_leave_no_trace(live: Served) -> None:
    job = live.json("POST", "/api/jobs", {"kind": "synthesize", "target": "2:3", "steps": 1024, "size": 512}, 202)["id"]
    for _ in range(20):
        one = socket.create_connection(("127.0.0.1", live.port), timeout=20)
        one.sendall(f"GET /api/jobs/{job}/events HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n\r\n".encode())
        assert b"200 OK" in one.recv(200)
        one.close()
    live.json("DELETE", f"/api/jobs/{job}")
    live.ended(job)
    end = time.monotonic() + 60
    while live.bench.jobs.get(job)._listeners and time.monotonic() < end:
        time.sleep(0.02)
    assert not live.bench.jobs.get(job)._listeners


def test_a_token_is_asked_for_where_there_is_one(built: Path) -> None:
    with serving(open_atlas(built), small(), token="s3cret") as served:
        assert served.ask("GET", "/")[0].status == 401
        assert served.ask("GET", "/manifest.json")[0].status == 401
        assert served.ask("GET", "/?token=wrong")[0].status == 401
        assert served.ask("GET", "/api/bench", Authorization="Bearer wrong")[0].status == 401
        assert served.ask("GET", "/api/bench", Authorization="Bearer s3cret")[0].status == 200
        opened = served.ask("GET", "/?token=s3cret")[0]
        assert opened.status == 303
        assert "s3cret" not in opened.headers["Location"]
        held = opened.headers["Set-Cookie"]
        assert "HttpOnly" in held
        assert "SameSite=strict" in held
        assert served.ask("GET", "/manifest.json", Cookie=held.partition(";")[0])[0].status == 200


def test_beyond_this_machine_a_token_is_needed() -> None:
    for host in ("0.0.0.0", "192.168.1.4", "::", "example.org"):
        with pytest.raises(SettingError, match="--token"):
            check_address(host, None)
        check_address(host, "new")
    for host in ("127.0.0.1", "localhost", "::1", "127.9.9.9"):
        check_address(host, None)
    with pytest.raises(SettingError, match="printable"):
        check_address("0.0.0.0", "two words")
    assert hosts_of("0.0.0.0") == ("*",)
    assert "192.168.1.4" in hosts_of("192.168.1.4")


def test_answers_are_sent_at_once() -> None:
    with opened_socket("127.0.0.1", 0) as opened, socket.create_connection(opened.getsockname()), opened.accept()[0] as taken:
        assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        with pytest.raises(SettingError, match="try --port"):
            opened_socket("127.0.0.1", opened.getsockname()[1])
    with pytest.raises(SettingError, match="no address of this machine"):
        opened_socket("192.0.2.1", 0)


def test_an_image_that_lies_about_its_turn_is_decoded_once(live: Served) -> None:
    """EXIF orientation is followed, as in every other source of photographs."""
    plain = Image.open(io.BytesIO(photograph(4)))
    exif = Image.Exif()
    exif[0x0112] = 6
    sink = io.BytesIO()
    plain.rotate(90, expand=True).save(sink, "PNG", exif=exif)
    turned = live.json("POST", "/api/photographs", sink.getvalue(), 201)
    assert turned["id"] == live.dropped(4)


def test_labs_saved_while_the_atlas_is_served_are_served(live: Served) -> None:
    folder = live.atlas.path / "labs"
    assert live.ask("GET", "/labs/index.json")[0].status == 404
    folder.mkdir()
    try:
        for name in ("index.json", "xor-accuracy.png"):
            (folder / name).write_bytes(name.encode())
        assert live.ask("GET", "/labs/xor-accuracy.png")[0].status == 404
        assert live.ask("GET", "/labs/index.json")[1] == b"index.json"
        assert live.ask("GET", "/labs/xor-accuracy.png?0a1b2c3d4e")[1] == b"xor-accuracy.png"
        for path in ("/labs/", "/labs/../../labs/index.json", "/labs/%2e%2e/manifest.json"):
            assert live.ask("GET", path)[0].status in (400, 404)
    finally:
        shutil.rmtree(folder)
    assert live.ask("GET", "/labs/index.json")[0].status == 404
