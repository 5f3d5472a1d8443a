"""An atlas's files by their addresses: small ones from memory, large ones and parts of files from the disk."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from optogram.serve.static import HASHED, TYPES

SMALL = 512_000
MOST_HELD = 64_000_000
"""Bytes of small files that are held; the least recently asked for are let go first."""
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
        kind = TYPES.get(found.suffix)
        if about.st_size > SMALL or "range" in request.headers:
            return FileResponse(found, media_type=kind, headers=headers)
        content = self._content(found, about.st_mtime_ns)
        if name == "index.html" and self.live:
            content = content.replace(b"<head>", b"<head>" + LIVE, 1)
        return Response(content, media_type=kind or FileResponse(found).media_type, headers=headers)

    def _content(self, path: Path, changed: int) -> bytes:
        key = (path, changed)
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        content = self._held[key] = path.read_bytes()
        self._bytes += len(content)
        while self._bytes > MOST_HELD:
            self._bytes -= len(self._held.popitem(last=False)[1])
        return content
