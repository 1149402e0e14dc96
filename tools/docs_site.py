"""The documentation site: `python -m tools.docs_site` builds it in out/site, and fails where a link leads nowhere.

Its pages are those of `docs/`, the figures of `benchmarks/`, and the reference that `tools/reference.py` makes from the
code. They are laid out in `out/site-source` with links that fit there, since in the repository a page may link to any
file. Then Zensical makes the site; nothing is fetched, and the site needs no network and no server either.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

from tools.reference import commands, glossary, names

__all__ = ["SITE", "build", "sources"]

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "out" / "site-source"
SITE = ROOT / "out" / "site"
CONFIGURATION = ROOT / "docs" / "site.toml"
ELSEWHERE = {
    "CHANGELOG.md": "changes.md",
    "SECURITY.md": "security.md",
    "src/nextchar/data/README.md": "data.md",
    "docs/python.md": "reference/python/index.md",
}
IN_CHINESE = {  # the words of the theme, which has one language for all pages
    '<html lang="en"': '<html lang="zh-CN"',
    "On this page": "本页内容",
    "Back to top": "回到页面顶部",
    "Previous": "上一页",
    "Next": "下一页",
    'aria-label="Search"': 'aria-label="搜索"',
    ">Search<": ">搜索<",
    "    Search\n": "    搜索\n",
}
MARK = re.compile(r"^( *)# made from the code: (\w+)$", re.MULTILINE)


class BrokenLinkError(Exception):
    """A page links to a file that is not there."""


def sources() -> dict[str, str]:
    """{path in the repository: path on the site} of all pages that people have written."""
    places = {f"docs/{path}": path for path in _markdown(ROOT / "docs")}
    places |= {f"benchmarks/{path}": f"numbers/{path}" for path in _markdown(ROOT / "benchmarks")}
    return places | ELSEWHERE


def _markdown(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))


def lay_out() -> None:
    """Write all pages and what they show to `SOURCE`, and the configuration beside it."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    places = sources()
    for path, place in places.items():
        _write(place, _relinked((ROOT / path).read_text(encoding="utf-8"), path, place, places))
    made = {"reference/" + path: text for path, text in (commands() | names()).items()}
    made |= {"glossary.md": glossary("en"), "zh/glossary.md": glossary("zh")}
    for place, text in made.items():
        _write(place, text)
    shutil.copytree(ROOT / "docs" / "stylesheets", SOURCE / "stylesheets")
    configuration = CONFIGURATION.read_text(encoding="utf-8")
    lists = {"commands": _navigation("commands", made), "names": _navigation("python", made)}
    configuration = MARK.sub(lambda mark: f"\n{mark[1]}".join(["", *lists[mark[2]]]).lstrip("\n"), configuration)
    (ROOT / "out" / "zensical.toml").write_text(configuration, encoding="utf-8")


def _write(place: str, text: str) -> None:
    target = SOURCE / place
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def _navigation(folder: str, made: dict[str, str]) -> list[str]:
    begin = f"reference/{folder}/"
    found = (path for path in made if path.startswith(begin) and not path.endswith("index.md"))
    stems = sorted((PurePosixPath(path).stem for path in found), key=str.casefold)
    return [f'{{ "{stem}" = "{begin}{stem}.md" }},' for stem in stems]


def _relinked(text: str, path: str, place: str, places: dict[str, str]) -> str:
    """A page whose links to files lead to where these are on the site; what is no page is copied there."""

    def link(found: re.Match[str]) -> str:
        target, rest = found[2], found[3] or ""
        if "://" in target or target.startswith("mailto:"):
            return found[0]
        file = os.path.normpath(os.path.join(os.path.dirname(path), target))  # noqa: PTH118, PTH120 - not a real path
        if not (ROOT / file).exists():
            raise BrokenLinkError(f"{path} links to {target}, which is not there")
        aim = places.get(file) or _copied(file)
        return f"{found[1]}{os.path.relpath(aim, os.path.dirname(place) or '.')}{rest})"  # noqa: PTH120

    parts = re.split(r"(^```.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
    return "".join(
        part if part.startswith("```") else re.sub(r"(\]\()([^)#\s]+)(#[^)\s]*)?\)", link, part) for part in parts
    )


def _copied(file: str) -> str:
    place = file.removeprefix("docs/")
    target = SOURCE / place
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / file, target)
    return place


def build() -> None:
    """Lay the pages out, and have the site made; raises where a link leads nowhere."""
    lay_out()
    shutil.rmtree(SITE, ignore_errors=True)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    subprocess.run(command, cwd=ROOT / "out", check=True)
    for page in (SITE / "zh").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for words, chinese in IN_CHINESE.items():
            text = text.replace(words, chinese)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    try:
        build()
    except BrokenLinkError as error:
        sys.exit(f"Error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
