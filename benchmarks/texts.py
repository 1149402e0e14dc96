"""Running texts of several kinds: how well counts and context mixing predict them, beside PPMd.

    python -m benchmarks.texts [--folder DIR] [--again] [TEXT ...]

Does what benchmarks/texts.json has no record of, and writes texts.json and texts.md. Tiny Shakespeare is the data set
of that name; the other texts are made of Debian packages, which are fetched with apt-get into DIR, and of Python's
standard library. Nothing is tuned on them: orders are chosen on the end of the training part, and all else is as it
comes.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks import machine

machine.use_one_thread()

import nextchar  # noqa: E402 - one thread first
from nextchar.tasks.outside_mark import ppmd_mark  # noqa: E402

__all__ = ["main"]

HERE = Path(__file__).resolve().parent
RECORDS, REPORT = HERE / "texts.json", HERE / "texts.md"
LENGTH = 1_000_000  # characters of each text; of tiny Shakespeare all
ORDERS = (4, 5, 6, 7, 8, 10, 12, 16, 24)
CONTEXTS = 37
WANTED_ADAPTIVE, WANTED_STATIC = 0.08, 0.05  # nats below PPMd and below Kneser-Ney


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="by default all")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "nextchar-texts")
    parser.add_argument("--again", action="store_true", help="also what is recorded already")
    given = parser.parse_args()
    records: dict[str, Any] = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}
    given.folder.mkdir(parents=True, exist_ok=True)
    _warm_up()
    for name in given.texts or TEXTS:
        if name in records and not given.again:
            continue
        text = TEXTS[name](given.folder)
        records[name] = {"date": date.today().isoformat(), "machine": machine.describe(), **_measured(text, name)}
        RECORDS.write_text(json.dumps(records, indent=1) + "\n")
    REPORT.write_text(_report({name: records[name] for name in TEXTS if name in records}))


# -- the texts -------------------------------------------------------------------------------------------------------


def _shakespeare(_folder: Path) -> str:
    from nextchar.data.download import locate

    return locate("tiny-shakespeare").read_text(encoding="utf-8")


def _german(folder: Path) -> str:
    return _joined(path.read_bytes() for path in _files(folder, "fortunes-de", "games/**/*") if path.suffix == "")


def _chinese(folder: Path) -> str:
    return _joined(map(_unpacked, _files(folder, "manpages-zh", "man/zh_CN/**/*.gz")))


def _english(folder: Path) -> str:
    return _joined(map(_unpacked, _files(folder, "dict-gcide", "dictd/*.dict.dz")))


def _python(_folder: Path) -> str:
    """Modules of the standard library, without tests."""
    root = Path(sysconfig.get_path("stdlib"))
    left_out = {"site-packages", "test", "tests", "idlelib"}
    return _joined(path.read_bytes() for path in _mixed(root.rglob("*.py")) if not left_out & set(path.parts))


TEXTS: Mapping[str, Callable[[Path], str]] = {
    "tiny Shakespeare": _shakespeare,
    "German sayings": _german,
    "Chinese manual": _chinese,
    "Python source": _python,
    "English dictionary": _english,
}
ABOUT: Mapping[str, str] = {
    "tiny Shakespeare": "plays, as nanoGPT splits them",
    "German sayings": "Debian's fortunes-de",
    "Chinese manual": "Debian's manpages-zh, simplified, with roff's commands",
    "Python source": "Python's standard library",
    "English dictionary": "Debian's dict-gcide, the beginning",
}


def _files(folder: Path, package: str, pattern: str) -> list[Path]:
    """The files of a Debian package, in an order of chance that is always the same."""
    root = folder / package
    if not root.is_dir():
        subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, check=True)
        (deb,) = folder.glob(f"{package}_*.deb")
        subprocess.run(["dpkg-deb", "-x", deb, root], check=True)
    return _mixed((root / "usr" / "share").glob(pattern))


def _mixed(paths: Iterable[Path]) -> list[Path]:
    plain = [path for path in paths if path.is_file() and not path.is_symlink()]
    return sorted(plain, key=lambda path: hashlib.sha256(path.name.encode()).digest())


def _unpacked(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


def _joined(parts: Iterable[bytes]) -> str:
    """The first characters of all parts one after the other; what is not UTF-8 is left out."""
    texts, length = [], 0
    for part in parts:
        try:
            text = part[: 8 * LENGTH].decode().replace("\r\n", "\n").replace("\0", "")
        except UnicodeDecodeError as error:
            text = part[: error.start].decode().replace("\r\n", "\n").replace("\0", "")
        texts.append(text)
        length += len(text)
        if length >= LENGTH:
            break
    return "".join(texts)[:LENGTH]


# -- what is measured ------------------------------------------------------------------------------------------------


def _warm_up() -> None:
    """Compiled loops are loaded, or compiled, before anything is timed."""
    corpus = nextchar.Corpus.from_documents(["to be or not to be\n" * 50])
    for learning in ("static", "adaptive"):
        model = nextchar.ContextMixing(learning=learning, contexts=CONTEXTS).fit(corpus)
        model.scorer(adaptive=learning == "adaptive")(corpus)
    nextchar.Ngram(order=5, smoothing="modified-kneser-ney").fit(corpus).evaluate(corpus)


def _measured(text: str, name: str) -> dict[str, Any]:
    corpus = nextchar.Corpus.from_documents([text])
    parts = nextchar.split(corpus, "tail:0.1")
    train, held_out = parts.train, parts.validation
    found: dict[str, Any] = {
        "characters": len(text),
        "symbols": corpus.alphabet.size - 1,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "rows": {},
    }

    def row(what: str, measure: Callable[[], tuple[float, str]]) -> None:
        begun = time.process_time()
        nats, note = measure()
        found["rows"][what] = {"nats": nats, "seconds": time.process_time() - begun, "note": note}
        print(f"{name}: {what} {nats:.4f} {note} {found['rows'][what]['seconds']:.1f} s", file=sys.stderr, flush=True)

    def mark() -> tuple[float, str]:
        outside = ppmd_mark(train, held_out)
        return outside.nats_per_symbol, f"order {outside.order}"

    def kneser_ney() -> tuple[float, str]:
        order = _best_order(train)
        model = nextchar.Ngram(order=order, smoothing="modified-kneser-ney").fit(train)
        return model.evaluate(held_out).nats_per_symbol, f"order {order}"

    def static() -> tuple[float, str]:
        model = nextchar.ContextMixing(learning="static", contexts=CONTEXTS).fit(train)
        return model.evaluate(held_out).nats_per_symbol, model.settings.summary

    def adaptive() -> tuple[float, str]:
        model = nextchar.ContextMixing(learning="adaptive", contexts=CONTEXTS).fit(train)
        return float(model.scorer(adaptive=True)(held_out).mean()), model.settings.summary

    row("PPMd", mark)
    row("modified Kneser-Ney", kneser_ney)
    row("context mixing, adaptive", adaptive)
    row("context mixing, static", static)
    return found


def _best_order(train: nextchar.Corpus) -> int:
    """Of modified Kneser-Ney, on the end of the training part: from 7 on up or down while it gets better."""
    inner = nextchar.split(train, "tail:0.1")
    costs: dict[int, float] = {}

    def cost(at: int) -> float:
        if at not in costs:
            model = nextchar.Ngram(order=ORDERS[at], smoothing="modified-kneser-ney").fit(inner.train)
            costs[at] = model.evaluate(inner.validation).nats_per_symbol
        return costs[at]

    best = ORDERS.index(7)
    for step in (1, -1):
        while 0 <= best + step < len(ORDERS) and cost(best + step) < cost(best):
            best += step
    return ORDERS[best]


# -- the report ------------------------------------------------------------------------------------------------------


def _report(records: Mapping[str, Any]) -> str:
    dates = sorted({record["date"] for record in records.values()})
    described = list(records.values())[-1]["machine"]
    lines = [
        "# Running texts",
        "",
        f"Measured on {' and '.join(dates)} by `python -m benchmarks.texts`; written by that command, not by hand.",
        "",
        *(f"- {name}: {described[name]}" for name in ("processor", "system", "versions")),
        "",
        "The first nine tenths are trained on, the last tenth is read once, from left to right. Nats per symbol, the",
        "end of the text counted. *Adaptive*: each symbol is predicted, then learned, as compressors do. PPMd (package",
        "pyppmd, variant I, not ours) is what the last tenth adds to the compressed rest. Its order and that of",
        "Kneser-Ney are chosen on the end of the training part. The alphabet is that of the whole text, which PPMd, by",
        "bytes, does not know. Seconds are the processor's, on one core, for all of it: choosing, training, reading.",
        "Others were at work on the machine, so seconds are rough.",
        "",
        "| text | characters | symbols | PPMd, adaptive | context mixing, adaptive | ahead | Kneser-Ney, static "
        "| context mixing, static | ahead |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, record in records.items():
        rows = record["rows"]
        ppmd, kn = rows["PPMd"], rows["modified Kneser-Ney"]
        adaptive, static = rows["context mixing, adaptive"], rows["context mixing, static"]

        def cell(row: Mapping[str, Any], *, ours: bool = False) -> str:
            nats = f"**{row['nats']:.4f}**" if ours else f"{row['nats']:.4f}"
            note = "" if ours else f"{row['note']}, "
            return f"{nats} ({note}{row['seconds']:.0f} s)"

        lines.append(
            f"| {name}: {ABOUT[name]} | {record['characters']:,} | {record['symbols']:,} | {cell(ppmd)} "
            f"| {cell(adaptive, ours=True)} | {ppmd['nats'] - adaptive['nats']:.3f} "
            f"| {cell(kn)} | {cell(static, ours=True)} | {kn['nats'] - static['nats']:.3f} |"
        )
    lines += [
        "",
        f"In bits: nats / {math.log(2):.4f}. Wanted beside PPMd {WANTED_ADAPTIVE}, beside Kneser-Ney {WANTED_STATIC}.",
    ]
    lines += [f"- {text}" for text in _missed(records)]
    lines += ["", f"The settings of context mixing are `contexts={CONTEXTS}` and its defaults on every text.", ""]
    return "\n".join(lines)


def _missed(records: Mapping[str, Any]) -> list[str]:
    found = []
    for name, record in records.items():
        nats = {what: row["nats"] for what, row in record["rows"].items()}
        if nats["PPMd"] - nats["context mixing, adaptive"] < WANTED_ADAPTIVE:
            found.append(f"Not met beside PPMd: {name}.")
        if nats["modified Kneser-Ney"] - nats["context mixing, static"] < WANTED_STATIC:
            found.append(f"Not met beside Kneser-Ney: {name}.")
    return found


if __name__ == "__main__":
    main()
