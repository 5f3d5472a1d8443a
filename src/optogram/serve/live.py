"""Runs the application: on this machine alone, unless there is a token."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable
from typing import Any

from optogram.atlas.open import Atlas
from optogram.errors import MissingExtraError, SettingError
from optogram.network.network import Network
from optogram.serve.static import opened_socket

CONNECTIONS = 512
NEW = "new"


def serve_live(
    atlas: Atlas, network: Network | None, host: str = "127.0.0.1", port: int = 8765, token: str | None = None, say: Callable[[str], Any] = print
) -> None:
    """Serves the atlas, and the live bench where a network is given, until it is stopped.

    `token="new"` makes one. Raises `SettingError` for an address other than this machine's own without a token, or a port that is taken;
    `MissingExtraError` where the server is not installed.
    """
    check_address(host, token)
    try:
        import uvicorn

        from optogram.serve.app import application
        from optogram.serve.bench import Bench
    except ImportError as error:
        raise MissingExtraError("a live bench needs a server: pip install 'optogram[serve]'") from error

    key = secrets.token_urlsafe(16) if token == NEW else token
    bench = None if network is None else Bench(atlas, network)
    with opened_socket(host, port) as opened:
        app = application(atlas, bench, hosts_of(host), key)
        config = uvicorn.Config(app, log_level="warning", limit_concurrency=CONNECTIONS, timeout_keep_alive=5, ws="none", server_header=False)
        name = f"[{host}]" if ":" in host else host
        say(f"http://{name}:{opened.getsockname()[1]}/{f'?token={key}' if key else ''}   Ctrl-C stops it")
        uvicorn.Server(config).run(sockets=[opened])


def check_address(host: str, token: str | None) -> None:
    """`SettingError` where others than this machine could reach a server that asks for no token."""
    if not token and not is_loopback(host):
        raise SettingError(f"{host} can be reached by others: add --token new (or a secret of your own), or leave --host out")
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise SettingError("a token is printable ASCII without spaces; --token new makes one")


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def hosts_of(host: str) -> tuple[str, ...]:
    """The names that requests may call this server by; any, where it listens everywhere (a token is asked for there)."""
    from optogram.serve.guard import LOOPBACK

    if host in ("0.0.0.0", "::"):
        return ("*",)
    return (*LOOPBACK, f"[{host}]" if ":" in host else host.lower())
