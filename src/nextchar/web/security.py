"""Who may send requests: this machine's own browser, on this page; and what it may do with the answers.

Another web site that is open in the same browser can send requests to this machine. It cannot set the Host and Origin
headers to this server's own, and its requests carry Sec-Fetch-Site; so those are checked before anything else is done.
The Host check also ends DNS rebinding, where a foreign name is made to point here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HEADERS", "Security"]

log = logging.getLogger("nextchar.web")

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Security:
    """ASGI middleware: refuses requests from elsewhere and puts the headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no web sockets here
            await send({"type": "websocket.close", "code": 1008})
            return
        started = False

        async def send_safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if scope["path"].startswith("/api"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        try:
            fault = _fault(scope)
            if fault:
                await _answer(send_safely, *fault)
            else:
                await self.app(scope, receive, send_safely)
        except Exception:  # a defect of ours: noted for us, and no details for the visitor
            log.exception("a defect in %s %s", scope["method"], scope["path"].encode("unicode_escape").decode())
            if not started:
                await _answer(send_safely, 500, "defect", "A defect in nextchar; the terminal shows more.")


def _fault(scope: Scope) -> tuple[int, str, str] | None:
    """Why a request is refused (status, code, message); None where it is not."""
    headers = Headers(scope=scope)
    hosts = headers.getlist("host")
    if len(hosts) != 1 or hosts[0].lower() not in _own_hosts(scope):
        return 403, "host", "This page is reached as localhost, 127.0.0.1 or [::1] with its port, and by no other name."
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if scope["method"] in ("GET", "HEAD"):
        if not scope["path"].startswith("/api"):
            return None
    elif headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return 415, "content-type", "Requests that change something have the content type application/json."
    if origin is not None and origin.lower() != f"{scope.get('scheme', 'http')}://{hosts[0].lower()}":
        return 403, "origin", "Requests from other web sites are refused."
    if site is not None and site not in ("same-origin", "none"):
        return 403, "cross-site", "Requests from other web sites are refused."
    return None


def _own_hosts(scope: Scope) -> set[str]:
    """What the Host header may say: the port may be left out where it is the scheme's own."""
    port = (scope.get("server") or ("", None))[1] or 80
    hosts = {f"{name}:{port}" for name in LOOPBACK}
    return hosts | set(LOOPBACK) if port == 80 else hosts


async def _answer(send: Any, status: int, code: str, message: str) -> None:
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
