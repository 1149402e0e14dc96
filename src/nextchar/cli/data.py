"""`nextchar data`: which data sets there are, fetch one, say where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nextchar.cli._completion import complete_data_sets

if TYPE_CHECKING:
    from nextchar.data.datasets import DataSet

__all__ = ["data", "fetch_data_set", "list_data_sets", "path_of_data_set"]


def _named(_ctx: click.Context, _param: click.Parameter, value: str) -> DataSet:
    """The data set of that name; an unknown name is wrong usage (exit code 2)."""
    from nextchar.data.datasets import named
    from nextchar.errors import DataSetError

    try:
        return named(value)
    except DataSetError as error:
        raise click.BadParameter(str(error)) from error


@click.group(short_help="List, fetch and find the data sets known by name.")
def data() -> None:
    """The data sets that nextchar knows by name: list them, fetch them, find them."""


@data.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_data_sets(as_json: bool) -> None:
    """List the data sets and where each one is on this machine.

    "your copy" is the file that the environment variable NEXTCHAR_NAMES (or, for tiny-shakespeare,
    NEXTCHAR_SHAKESPEARE) points to. The command "data path" prints the whole path.
    """
    from nextchar.cli._output import echo_json, note, print_table
    from nextchar.data.datasets import NAMED
    from nextchar.data.download import cache_path, find_data_set
    from nextchar.errors import DataSetError

    entries = []
    for data_set in NAMED.values():
        path, problem = None, None
        try:
            path = find_data_set(data_set)
        except DataSetError as error:
            problem = str(error)  # its variable points to a wrong file; the rest of the list still holds
        if data_set.url is None:
            where = "shipped"
        elif problem:
            where = "wrong file"
        elif path is None:
            where = "not fetched"
        else:
            where = "cached" if path == cache_path(data_set) else "your copy"
        entries.append((data_set, where, path, problem))
    if as_json:
        echo_json(
            [
                {
                    "name": data_set.name,
                    "items": data_set.items,
                    "bytes": data_set.size_bytes,
                    "where": where,
                    "path": None if path is None else str(path),
                    "problem": problem,
                    "description": data_set.description,
                    "origin": data_set.origin,
                    "url": data_set.url,
                    "sha256": data_set.sha256,
                }
                for data_set, where, path, problem in entries
            ]
        )
        return
    print_table(
        ["name", "items", "bytes", "where", "what it is"],
        [
            [data_set.name, f"{data_set.items:,}", f"{data_set.size_bytes:,}", where, data_set.description]
            for data_set, where, path, problem in entries
        ],
        right=["items", "bytes"],
    )
    for _, _, _, problem in entries:
        if problem:
            note(f"Note: {problem}")


@data.command("fetch")
@click.argument("data_set", metavar="NAME", callback=_named, shell_complete=complete_data_sets)
@click.option("--url", metavar="URL", help="Fetch from this address, such as a mirror; the checksum stays the same.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the path.")
def fetch_data_set(data_set: DataSet, url: str | None, as_json: bool) -> None:
    """Fetch the data set NAME once, check it, and print the path of its file.

    A right copy in the cache, or where NEXTCHAR_NAMES or NEXTCHAR_SHAKESPEARE points to, is used without the network;
    a damaged one in the cache is fetched anew.
    """
    from nextchar.cli._output import echo, echo_json, note
    from nextchar.data import download as fetching

    if url is not None and not url.lower().startswith(("http://", "https://")):
        raise click.BadParameter(f"{url}: wanted an address that starts with http:// or https://", param_hint="'--url'")
    here = fetching.cached(data_set) if url else fetching.find_data_set(data_set)
    needed = data_set.url is not None and here is None
    if needed:
        note(f"fetching {url or data_set.url} ({data_set.size_bytes:,} bytes)")
    path = fetching.fetch_data_set(data_set, url=url)
    if as_json:
        echo_json(
            {
                "name": data_set.name,
                "path": str(path),
                "bytes": data_set.size_bytes,
                "sha256": data_set.sha256,
                "downloaded": needed,
            }
        )
    else:
        echo(str(path))


@data.command("path")
@click.argument("data_set", metavar="NAME", callback=_named, shell_complete=complete_data_sets)
def path_of_data_set(data_set: DataSet) -> None:
    """Print the path of the data set NAME, which must be on this machine."""
    from nextchar.cli._output import echo
    from nextchar.data.download import locate

    echo(str(locate(data_set.name)))
