"""An atlas's files by their addresses, and parts of them: from memory, but for those larger than an atlas's own ever are."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from optogram.serve.static import HASHED, TYPES, asked_part

LARGE = 4_194_304
"""Bytes of a file that is read from the disk each time. A read from the disk is many turns of other threads: beside a network that computes,
each waits for its turn."""
MOST_HELD = 64_000_000
"""Bytes of files that are held; the least recently asked for are let go first."""
PART = 131_072
"""Bytes that are given to a connection at once: one that reads slowly makes no copy of a whole file."""
LABS = "labs/index.json"
"""Results of labs may be saved while the atlas is served: who asks for their list is shown what lies there now."""
LIVE = b'<meta name="optogram-live" content="./api/" />'


class Files:
    """What was in the folder when it was last looked at. A request's path is looked up, never joined to a folder."""

    def __init__(self, root: Path, live: bool) -> None:
        self.root, self.live = root, live
        self._held: OrderedDict[tuple[Path, int], bytes] = OrderedDict()
        self._bytes = 0
        self.refresh()

    def refresh(self) -> None:
        """Looks again at what there is; files and folders whose names begin with a dot are not shown, links not followed."""
        self.known = {
            path.relative_to(self.root).as_posix(): path
            for path in self.root.rglob("*")
            if path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in path.relative_to(self.root).parts)
        }

    async def answer(self, request: Request) -> Response:
        """The file, a part of it, or that the browser's own copy is the same."""
        name = request.path_params["path"] or "index.html"
        if name == LABS:
            await run_in_threadpool(self.refresh)
        found = self.known.get(name)
        if found is None:
            return PlainTextResponse("no such file\n", 404)
        try:
            about = found.stat()
        except OSError:
            return PlainTextResponse("no such file any more\n", 404)
        mark = f'"{about.st_mtime_ns:x}-{about.st_size:x}{"-live" if self.live else ""}"'
        kept = "public, max-age=31536000, immutable" if HASHED.search(name) else "no-cache"
        headers = {"Cache-Control": kept, "ETag": mark, "Accept-Ranges": "bytes"}
        if mark in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        whole = FileResponse(found, media_type=TYPES.get(found.suffix), headers=headers)
        part = asked_part(request.headers.get("range", ""), about.st_size)
        if about.st_size > LARGE or ("range" in request.headers and (part is None or "if-range" in request.headers)):
            return whole
        content = await self._content(found, about.st_mtime_ns)
        if part is not None and len(content) == about.st_size:
            first, last = part
            headers["Content-Range"] = f"bytes {first}-{last}/{about.st_size}"
            return Held(content[first : last + 1], 206, headers, whole.media_type)
        if name == "index.html" and self.live:
            content = content.replace(b"<head>", b"<head>" + LIVE, 1)
        return Held(content, 200, headers, whole.media_type)

    async def _content(self, path: Path, changed: int) -> bytes:
        key = (path, changed)
        if key not in self._held:
            content = await run_in_threadpool(path.read_bytes)
            self._bytes += len(content) - len(self._held.get(key, b""))
            self._held[key] = content
            while self._bytes > MOST_HELD:
                self._bytes -= len(self._held.popitem(last=False)[1])
            return content
        self._held.move_to_end(key)
        return self._held[key]


class Held(Response):
    """Bytes at hand, given part by part, as fast as the other side takes them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the head, then the parts; a head alone where no more is asked."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        content = bytes(self.body) if scope["method"] != "HEAD" else b""
        for start in range(0, max(len(content), 1), PART):
            await send({"type": "http.response.body", "body": content[start : start + PART], "more_body": start + PART < len(content)})
