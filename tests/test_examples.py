"""The notebooks of examples/ are run, and give what they show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nextchar.data.download import find

EXAMPLES = Path(__file__).parents[1] / "examples"
QUICK = ["names_for_a_game"]
SLOW = ["lecture", "which_model"]  # tens of seconds; the lecture needs its list and torch


def outputs(notebook: Any) -> list[list[str]]:
    """What each cell of code has printed and returned; figures by their kind alone."""
    return [[_shown(output) for output in cell.outputs] for cell in notebook.cells if cell.cell_type == "code"]


def _shown(output: Any) -> str:
    if output.output_type == "stream":
        return str(output.text)
    assert output.output_type != "error", output.evalue
    return "a figure" if "image/png" in output.data else str(output.data["text/plain"])


def test_every_notebook_is_small_and_is_run() -> None:
    found = sorted(EXAMPLES.glob("*.ipynb"))
    assert [path.stem for path in found] == sorted(QUICK + SLOW)
    for path in found:
        assert path.stat().st_size < 100_000
        assert "image/png" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_a_notebook_gives_what_it_shows(name: str, tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    if name == "lecture":
        pytest.importorskip("torch")
        if find("makemore-names") is None:
            pytest.skip("needs makemore-names: run nextchar data fetch makemore-names")
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    shown = outputs(notebook)
    where = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=300, resources=where, kernel_name="python3").execute()
    assert outputs(notebook) == shown
