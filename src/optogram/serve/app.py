"""The atlas's files and, where there is a network, the live bench, as one application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from optogram.atlas.open import Atlas
from optogram.errors import AtlasError, OptogramError
from optogram.serve.asked import asked
from optogram.serve.bench import Bench, shown_photograph
from optogram.serve.files import Files
from optogram.serve.guard import LOOPBACK, Guard
from optogram.serve.jobs import ENDED, Forgotten, Full, Job
from optogram.serve.kept import keep
from optogram.serve.openapi import openapi
from optogram.serve.photographs import MOST_BYTES

MOST_JSON = 20_000
UPLOAD_S = 30.0
"""Seconds that a request's body may take to arrive."""
SILENCE_S = 15.0
"""After so long without an event a comment is sent, so that nobody on the way thinks the line dead."""

Answer = Callable[[Request], Awaitable[Response]]


def application(atlas: Atlas, bench: Bench | None = None, hosts: tuple[str, ...] = LOOPBACK, token: str | None = None) -> Starlette:
    """The web application: files that were in the atlas when it began (and those kept since), and the endpoints of `openapi`.

    A request's path is looked up among the known files; it is never joined to a folder.
    """
    served = Files(atlas.path, live=bench is not None)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        if bench is not None:
            await run_in_threadpool(bench.close)

    live = [] if bench is None else _Live(bench, served).routes()
    files = Route("/{path:path}", served.answer, methods=["GET", "HEAD"])
    guard = Middleware(Guard, hosts=hosts, token=token)
    return Starlette(routes=[*live, files], middleware=[guard], lifespan=lifespan)


class _Live:
    """The endpoints."""

    def __init__(self, bench: Bench, served: Files) -> None:
        self.bench, self.served = bench, served

    def routes(self) -> list[Route]:
        told = [
            ("/api/bench", self.describe, "GET"),
            ("/api/openapi.json", self.document, "GET"),
            ("/api/photographs", self.drop, "POST"),
            ("/api/photographs/{photograph}", self.photograph, "GET"),
            ("/api/jobs", self.begin, "POST"),
            ("/api/jobs/{job}", self.job, "GET"),
            ("/api/jobs/{job}", self.cancel, "DELETE"),
            ("/api/jobs/{job}/events", self.events, "GET"),
            ("/api/jobs/{job}/keep", self.keep, "POST"),
        ]
        return [Route(path, answering(answer), methods=[method]) for path, answer, method in told]

    async def describe(self, request: Request) -> Response:
        return JSONResponse(self.bench.describe())

    async def document(self, request: Request) -> Response:
        from optogram import __version__

        return JSONResponse(openapi(__version__))

    async def drop(self, request: Request) -> Response:
        content = await body(request, MOST_BYTES)
        found = await run_in_threadpool(self.bench.photographs.add, content)
        return JSONResponse({"id": found.id, "height": found.frame.shape[0], "width": found.frame.shape[1]}, 201)

    async def photograph(self, request: Request) -> Response:
        found = self.bench.photographs.get(request.path_params["photograph"])
        return Response(await run_in_threadpool(shown_photograph, found), media_type="image/webp", headers={"Cache-Control": "no-store"})

    async def begin(self, request: Request) -> Response:
        wish = asked(await body(request, MOST_JSON))
        job = await run_in_threadpool(self.bench.begin, wish)
        return JSONResponse(self._shown(job), 202)

    async def job(self, request: Request) -> Response:
        return JSONResponse(self._shown(self._found(request)))

    async def cancel(self, request: Request) -> Response:
        job = self._found(request)
        job.cancel()
        return JSONResponse(self._shown(job))

    async def keep(self, request: Request) -> Response:
        atlas = await run_in_threadpool(keep, self.bench, self._found(request))
        await run_in_threadpool(self.served.refresh)
        return JSONResponse({"photographs": [one.identity for one in atlas.network().photographs], "pictures": len(atlas.manifest.kept)})

    async def events(self, request: Request) -> Response:
        job = self._found(request)
        return StreamingResponse(self._told(job), media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def _told(self, job: Job) -> AsyncIterator[bytes]:
        listener = job.listen()
        try:
            while True:
                event = await listener.next(SILENCE_S)
                if event is None:
                    yield b": still here\n\n"
                    continue
                told = {**event, "ahead": self.bench.jobs.ahead(job)} if event["event"] == "waiting" else event
                yield f"event: {event['event']}\ndata: {json.dumps(told)}\n\n".encode()
                if event["event"] in ENDED:
                    return
        finally:
            job.leave(listener)

    def _found(self, request: Request) -> Job:
        return self.bench.jobs.get(request.path_params["job"])

    def _shown(self, job: Job) -> dict[str, object]:
        return {**job.shown(), "ahead": self.bench.jobs.ahead(job)}


def answering(answer: Answer) -> Answer:
    """The same endpoint, with errors as JSON: 404 for what is not (any more) known, 503 for a full queue, 400 for what cannot be."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except TooLarge as error:
            return _error(413, error, {"Connection": "close"})
        except TooSlow as error:
            return _error(408, error, {"Connection": "close"})
        except Full as error:
            return _error(503, error, {"Retry-After": "5"})
        except Forgotten as error:
            return _error(404, error)
        except AtlasError as error:
            return _error(507, error)
        except OptogramError as error:
            return _error(400, error)
        except ClientDisconnect:
            return Response(status_code=400)

    return answered


class TooLarge(OptogramError):
    """A request's body has more bytes than it may."""


class TooSlow(OptogramError):
    """A request's body did not arrive in time."""


async def body(request: Request, most: int) -> bytes:
    """A request's body, read no further than `most` bytes and no longer than `UPLOAD_S`."""
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > most:
        raise TooLarge(f"at most {most} bytes; these are {announced}")
    content = bytearray()
    try:
        async with asyncio.timeout(UPLOAD_S):
            async for part in request.stream():
                content += part
                if len(content) > most:
                    raise TooLarge(f"at most {most} bytes")
    except TimeoutError as error:
        raise TooSlow(f"the body did not arrive within {UPLOAD_S:g} s") from error
    return bytes(content)


def _error(code: int, error: Exception, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": getattr(error, "reason", None) or str(error)}, code, headers)
