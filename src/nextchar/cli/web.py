"""The command `web`."""

from __future__ import annotations

from pathlib import Path

import click

from nextchar.errors import MissingExtraError

__all__ = ["web"]


@click.command(short_help="The lesson, in the browser.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Where to serve; 0: any free port."
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option(
    "--names", type=click.Path(), metavar="FILE", help="Use these names, or other items, one a line, in place of ours."
)
def web(port: int, no_browser: bool, names: str | None) -> None:
    """Serve the lesson to the browser of this machine, in English and Chinese, until Ctrl-C."""
    try:
        from nextchar.web.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn", "anyio", "h11"):
            raise
        raise MissingExtraError("the lesson page", "web") from None
    serve(port=port, open_browser=not no_browser, data=None if names is None else Path(names))
