"""The command `nextchar`, also as `python -m nextchar`."""

from __future__ import annotations

import signal

__all__ = ["command_line"]


def command_line() -> None:
    """Run the command; Ctrl-C while it loads ends it without a traceback, and once it runs as the command has it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from nextchar.cli import main

    main(prog_name="nextchar")


if __name__ == "__main__":
    command_line()
