"""Who may ask: this machine alone, or whoever knows the token; and what a page from here may do."""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "optogram"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
CONTENT_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "font-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    ]
)
HEADERS = {
    b"content-security-policy": CONTENT_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
}


class Guard:
    """Middleware: refuses other hosts' names (a rebound address), other sites' pages, and whoever has no token where there is one."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...] = LOOPBACK, token: str | None = None) -> None:
        self.app, self.hosts, self.token = app, hosts, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through with the headers that bind the page, or answers in its place."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                held = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *((name, value) for name, value in HEADERS.items() if name not in held)]
            await send(message)

        await (self._refusal(scope) or self.app)(scope, receive, marked)

    def _refusal(self, scope: Scope) -> Any:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if "*" not in self.hosts and bare(host) not in self.hosts:
            return PlainTextResponse(f"this server answers to {', '.join(self.hosts)} only\n", 403)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return PlainTextResponse("pages of other sites may not ask here\n", 403)
        if scope["method"] not in ("GET", "HEAD") and headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return PlainTextResponse("pages of other sites may not ask here\n", 403)
        return self._unknown(scope, headers) if self.token is not None else None

    def _unknown(self, scope: Scope, headers: dict[str, str]) -> Any:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if scope["path"] == "/" and (given := query.pop("token", None)) and self._right(given[0]):
            answer = RedirectResponse("./?" + urlencode(query, doseq=True) if query else "./", 303)
            answer.set_cookie(COOKIE, given[0], httponly=True, samesite="strict", path=scope.get("root_path") or "/")
            return answer
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self._right(bearer) or self._right(cookie(headers.get("cookie", ""))):
            return None
        return PlainTextResponse("this server asks for a token: open the address that it printed, or send Authorization: Bearer TOKEN\n", 401)

    def _right(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), (self.token or "").encode())


def bare(host: str) -> str:
    """A host without its port, in lower case."""
    return host.lower() if host.endswith("]") else host.rpartition(":")[0].lower() if ":" in host else host.lower()


def cookie(text: str) -> str:
    """The token in a cookie header; empty where there is none."""
    try:
        held = SimpleCookie(text).get(COOKIE)
    except CookieError:
        return ""
    return held.value if held else ""
