"""An atlas's files over HTTP, to this machine only, with byte ranges and the caching that hashed names allow."""

from __future__ import annotations

import errno
import re
import socket
import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from optogram.errors import SettingError

_RANGE = re.compile(r"^bytes=(\d+)-(\d*)$")
TYPES = {".js": "text/javascript", ".webp": "image/webp", ".parquet": "application/octet-stream", ".pack": "application/octet-stream"}
KEPT = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED)
HASHED = re.compile(r"-[0-9a-zA-Z_]{8,}\.\w+$")


def asked_part(asked: str, length: int) -> tuple[int, int] | None:
    """First and last byte of the one part that a `Range` asks for; `None` where it asks otherwise, or for none that there is."""
    found = _RANGE.match(asked)
    if not found:
        return None
    first, last = int(found[1]), min(int(found[2]) if found[2] else length - 1, length - 1)
    return (first, last) if first <= last else None


class Handler(SimpleHTTPRequestHandler):
    """Serves one folder, single byte ranges included; says little."""

    protocol_version = "HTTP/1.1"

    def guess_type(self, path: Any) -> str:
        """By the ending: those of an atlas first, whatever the machine's own tables say."""
        return TYPES.get(Path(path).suffix) or super().guess_type(path)

    def send_head(self) -> BytesIO | BinaryIO | None:
        """A part of the file where a range is asked for, else what the standard library does. Folders are not listed."""
        target = Path(self.translate_path(self.path))
        asked = self.headers.get("Range", "")
        if target.is_dir() and not (target / "index.html").exists():
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        if not _RANGE.match(asked) or not target.is_file():
            return super().send_head()
        length = target.stat().st_size
        part = asked_part(asked, length)
        if part is None:
            self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self.send_header("Content-Range", f"bytes */{length}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        first, last = part
        with target.open("rb") as file:
            file.seek(first)
            content = file.read(last - first + 1)
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", self.guess_type(str(target)))
        self.send_header("Content-Range", f"bytes {first}-{last}/{length}")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return BytesIO(content)

    def send_response(self, code: int, message: str | None = None) -> None:
        """Remembers what is answered: that a file is missing is no fact to keep for a year."""
        self.answered = code
        super().send_response(code, message)

    def end_headers(self) -> None:
        """Files with a hash in their name never change; all else is asked for anew."""
        hashed = self.answered in KEPT and HASHED.search(self.path.split("?")[0])
        self.send_header("Cache-Control", "public, max-age=31536000, immutable" if hashed else "no-cache")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a request is no news."""


class Server(ThreadingHTTPServer):
    """One thread a connection; threads end with the program."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever leaves before a file has come, as a browser does at each turned page, is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def static_server(root: Path, port: int = 8765) -> Server:
    """A server for the folder on 127.0.0.1; `SettingError` where the port is taken."""
    try:
        return Server(("127.0.0.1", port), partial(Handler, directory=str(root)))
    except OSError as error:
        raise taken(port, error) from error


def opened_socket(host: str, port: int) -> socket.socket:
    """A socket that listens; `SettingError` where the port is taken or the address is not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        opened = socket.create_server((host, port), family=family, backlog=512)
    except socket.gaierror as error:
        raise SettingError(f'"{host}" is no address of this machine; try --host 127.0.0.1') from error
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise SettingError(f'"{host}" is no address of this machine; try --host 127.0.0.1') from error
        raise taken(port, error) from error
    # Connections inherit it. Without, each answer waits 40 ms for the other side to say that it has the headers.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def taken(port: int, error: OSError) -> SettingError:
    """What to say of a port that cannot be had: one that can."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    return SettingError(f"port {port} cannot be had ({error.strerror}); try --port {free}")
