"""What is sent back: documents as JSON, and events one after the other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from nextchar.core.json_values import plain

__all__ = ["EventStream", "FileAnswer", "encoded", "event", "json_response"]


def encoded(document: Any) -> bytes:
    """A document as JSON; infinite numbers as "inf"."""
    return json.dumps(plain(document), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


@dataclass(frozen=True)
class FileAnswer:
    """A file, as the answer of an endpoint.

    Attributes:
        name: what it is called; plain characters.
        content: its bytes.
        media_type: of them.
    """

    name: str
    content: bytes
    media_type: str = "application/octet-stream"

    def response(self) -> Response:
        """To be kept, and never to be shown as a page."""
        headers = {"Content-Disposition": f'attachment; filename="{self.name}"'}
        return Response(self.content, media_type=self.media_type, headers=headers)


def json_response(document: Any, status: int = 200) -> Response:
    """A document as a response."""
    return Response(encoded(document), status, media_type="application/json")


def event(name: str, document: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return f"event: {name}\ndata: ".encode() + encoded(document) + b"\n\n"


class EventStream(Response):
    """Server-sent events, made until they end or the client goes away."""

    media_type = "text/event-stream"

    def __init__(self, events: Callable[[], AsyncIterator[bytes]]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send them."""
        async with anyio.create_task_group() as group:

            async def watch() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            group.start_soon(watch)
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            events = self._events()
            try:
                async for event in events:
                    await send({"type": "http.response.body", "body": event, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            except OSError:  # gone
                pass
            finally:
                with anyio.CancelScope(shield=True):
                    await events.aclose()  # type: ignore[attr-defined]
            group.cancel_scope.cancel()
