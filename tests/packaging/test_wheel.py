"""The wheel: the same bytes each time, and alone in an empty environment it does all that it says.

The environment is made once; the extras come to it one after the other, so that what needs them is tried without first.
NEXTCHAR_WHEEL_EXTRAS says which (of plots, web, counts, pyppmd, cluster, tensorboard and neural), with commas.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import nextchar
from nextchar.cli import main

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = [name for name in os.environ.get("NEXTCHAR_WHEEL_EXTRAS", "plots,web,counts,pyppmd").split(",") if name]


def build(folder: Path) -> dict[str, bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    return next(folder.glob("*.whl"))


def test_two_builds_are_equal_byte_for_byte(wheel: Path, tmp_path: Path) -> None:
    again = build(tmp_path)
    assert again == {path.name: path.read_bytes() for path in wheel.parent.iterdir()}
    version = nextchar.__version__
    assert sorted(again) == [f"nextchar-{version}-py3-none-any.whl", f"nextchar-{version}.tar.gz"]


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"nextchar", f"nextchar-{nextchar.__version__}.dist-info"}
    assert "nextchar/py.typed" in names
    tracked = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if tracked.returncode == 0 and tracked.stdout:
        held = {f"src/{name}" for name in names if name.startswith("nextchar/")}
        assert held >= set(tracked.stdout.split("\n")) - {""}


# -- alone ----------------------------------------------------------------------------------------------------------

# What every command does on the core alone; what needs an extra says which.
LINES = """
train few -o m --order 2 --smoothing add
train table.csv --column name --label kind -o c
sample m -n 3 --seed 1
score m few
evaluate m few
info m
prob m --prefix a
top m -n 2
complete m a
fill m a_a
classify c emma
calibrate m many -o odd
blend m m -o b
combine m b --data few --split distinct -o e
compile e few --context 2 -o t
update m few -o u
compare few --models ngram
export m names.html
export m names.arpa
import names.arpa -o back
pitfalls
data list
reproduce --help
"""
NEEDING = {
    "plots": [
        "plot counts m -o counts.png",
        "plot surprisal m few -o few.html",
        "compare few --models ngram --plot b.svg",
    ],
    "web": ["web --help"],
    "counts": [
        "count few few -o counted --order 2",
        "merge counted counted -o twice",
        "train --counts twice -o mm --smoothing add",
    ],
    "pyppmd": ["compare text --text --models ngram,ppmd"],
    "neural": ["equivalence few", "train few -o net --model mlp --steps 3", "sample net -n 2", "pitfalls j"],
    "tensorboard": ["train few -o net --model mlp --steps 3 --tensorboard logs"],
    "cluster": ["count --help"],
}

Nextchar = Callable[[str], subprocess.CompletedProcess[str]]


def installed(folder: Path, what: str) -> None:
    """Install with pip, by the project's versions."""
    pip = [str(scripts(folder) / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command = [*pip, "--constraint", str(ROOT / "constraints.txt"), what]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr


def scripts(folder: Path) -> Path:
    return folder / ("Scripts" if sys.platform == "win32" else "bin")


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    installed(folder, str(wheel))
    return folder


@pytest.fixture(scope="module")
def run(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Nextchar:
    """Runs a command in a folder with a list, far from the source."""
    place = tmp_path_factory.mktemp("place")
    items = ["emma", "olivia", "ava", "isabella", "sophia", "mia", "amelia", "eve", "viola", "anna", "ella", "nora"]
    (place / "few").write_text("".join(f"{item}\n" for item in items), "utf-8")
    (place / "many").write_text(
        "".join(f"{a}{b}{c}{d}\n" for a in "aeio" for b in "lmnrv" for c in "aio" for d in "lnm"), "utf-8"
    )
    (place / "text").write_text("to be or not to be, that is the question:\n" * 50, "utf-8")
    rows = [f"{item},{'ab'[number % 2]}\n" for number, item in enumerate(items)]
    (place / "table.csv").write_text("name,kind\n" + "".join(rows), "utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NEXTCHAR"))}

    def run(line: str) -> subprocess.CompletedProcess[str]:
        command = [str(scripts(environment) / "nextchar"), *line.split()]
        return subprocess.run(command, cwd=place, env=clean, capture_output=True, encoding="utf-8", check=False)

    return run


def test_every_command_is_tried() -> None:
    lines = [*LINES.strip().splitlines(), *(line for some in NEEDING.values() for line in some)]
    assert {line.split()[0] for line in lines} == set(main.commands)


@pytest.mark.slow
def test_the_core_alone(run: Nextchar) -> None:
    assert run("--version").stdout == f"nextchar, version {nextchar.__version__}\n"
    for line in LINES.strip().splitlines():
        done = run(line)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    for extra in ("plots", "counts", "neural"):
        done = run(NEEDING[extra][0])
        assert done.returncode == 1, done.stdout
        assert f'pip install "nextchar[{extra}]"' in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("extra", EXTRAS)
def test_with_an_extra(extra: str, wheel: Path, environment: Path, run: Nextchar) -> None:
    run("train few -o m --order 2 --smoothing add")
    installed(environment, f"{wheel}[{extra}]")
    for line in NEEDING[extra]:
        done = run(line)
        assert done.returncode == 0, f"{line}\n{done.stderr}"


# -- types ----------------------------------------------------------------------------------------------------------


def checked(environment: Path, folder: Path, program: str) -> str:
    """What mypy says of a program that uses the installed wheel."""
    pytest.importorskip("mypy")
    (folder / "program.py").write_text(program, "utf-8")
    python = str(scripts(environment) / "python")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-executable", python, "program.py"]
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, encoding="utf-8", check=False).stdout


@pytest.mark.slow
def test_a_users_program_is_typed(environment: Path, tmp_path: Path) -> None:
    program = Path(__file__).with_name("user_code.py").read_text("utf-8")
    assert checked(environment, tmp_path, program).startswith("Success")
    wrong = program.replace("-> list[str]:", "-> int:")
    assert checked(environment, tmp_path, wrong).count("[return-value]") == program.count("-> list[str]:")


@pytest.mark.slow
def test_every_public_name_has_a_type(environment: Path, tmp_path: Path) -> None:
    program = "import nextchar\n" + "".join(f"reveal_type(nextchar.{name})\n" for name in nextchar.__all__)
    said = checked(environment, tmp_path, program)
    revealed = re.findall(r'Revealed type is "(.*)"', said)
    assert len(revealed) == len(nextchar.__all__), said
    assert not [text for text in revealed if text in ("Any", "builtins.object")]
