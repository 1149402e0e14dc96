"""Pictures: what stands in them, that it can be read, and the files that they become."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from click.testing import CliRunner, Result
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import nextchar
from nextchar import plots
from nextchar.cli import main
from nextchar.errors import SettingsError, UnknownSymbolError
from nextchar.plots import canvas

CHINESE = [  # 23 names of 40 and some characters
    *("王小明", "李小红", "张伟", "刘洋", "陈静", "杨丽", "黄磊", "赵敏", "周杰", "吴刚", "徐强", "孙悦"),
    *("马超", "朱军", "胡歌", "郭靖", "何洁", "高峰", "林青霞"),
]


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.stderr
    return result


def bigram(*items: str, add: float = 0, weights: list[int] | None = None) -> nextchar.NgramModel:
    return nextchar.Ngram(order=2, add=add).fit(nextchar.Corpus.from_items(items, weights))


@pytest.fixture
def only_dejavu(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no other font than matplotlib's own were installed."""
    monkeypatch.setattr(canvas, "_installed_fonts", lambda: ["DejaVu Sans"])


@pytest.fixture(scope="session")
def names_model(names: nextchar.Corpus) -> nextchar.NgramModel:
    return nextchar.Ngram(order=2, add=0).fit(names)


def cells(figure: Figure) -> dict[tuple[int, int], str]:
    """The text of each cell, (row, column) from the upper left."""
    texts = {}
    for text in figure.axes[0].texts:
        x, y = text.get_position()
        texts[round(y), round(x)] = text.get_text()
    return texts


def names_along(axis: Axis) -> list[str]:
    return [tick.label1.get_text() for tick in axis.get_major_ticks()]


def bars(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def check_readable(figure: Figure) -> None:
    """Nothing is cut off, and no text of a cell reaches into the next one."""
    canvas_: Any = FigureCanvasAgg(figure)
    renderer = canvas_.get_renderer()
    whole = figure.bbox
    box = figure.get_tightbbox(renderer)
    inches = box.x0, box.y0, figure.get_figwidth() - box.x1, figure.get_figheight() - box.y1
    assert min(inches) > 0, f"something reaches out of the picture: {inches}"
    axes = figure.axes[0]
    x0, x1 = axes.get_xlim()
    for text in axes.texts:
        extent = text.get_window_extent(renderer)
        assert whole.x0 <= extent.x0 < extent.x1 <= whole.x1
        assert whole.y0 <= extent.y0 < extent.y1 <= whole.y1
        if axes.collections:  # a table
            cell = axes.bbox.width / abs(x1 - x0)
            assert extent.width < cell, f"{text.get_text()!r} is wider than its cell"
            assert extent.height < cell, f"{text.get_text()!r} is higher than its cell"
    for axis in (axes.xaxis, axes.yaxis):
        boxes = [tick.label1.get_window_extent(renderer) for tick in axis.get_major_ticks()]
        for one, other in pairwise(boxes):
            assert not one.overlaps(other), "names along a side overlap"


def luminance(colour: Any) -> float:
    """Relative luminance, as the Web Content Accessibility Guidelines define it."""
    channels = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))


def check_contrast(figure: Figure) -> None:
    """Each cell's text against its shade: at least 4.5 to 1, which the guidelines ask for."""
    axes = figure.axes[0]
    mesh: Any = axes.collections[0]
    shades = mesh.to_rgba(mesh.get_array())
    for text in axes.texts:
        x, y = text.get_position()
        light, dark = sorted((luminance(text.get_color()), luminance(shades[round(y), round(x)][:3])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 4.5


# -- tables -------------------------------------------------------------------------------------------------------


def test_counts_by_hand() -> None:
    figure = plots.counts(bigram("ab", "ab", "b"))
    # .a 2, .b 1, ab 2, b. 3, all others 0
    assert cells(figure) == {
        (0, 0): "..\n0",
        (0, 1): ".a\n2",
        (0, 2): ".b\n1",
        (1, 0): "a.\n0",
        (1, 1): "aa\n0",
        (1, 2): "ab\n2",
        (2, 0): "b.\n3",
        (2, 1): "ba\n0",
        (2, 2): "bb\n0",
    }
    axes = figure.axes[0]
    assert "8 pairs" in axes.get_title()
    assert names_along(axes.xaxis) == names_along(axes.yaxis) == [".", "a", "b"]
    assert axes.yaxis_inverted()  # row 0 is the upper one
    check_readable(figure)
    check_contrast(figure)


def test_counts_of_a_longer_memory_are_summed() -> None:
    corpus = nextchar.Corpus.from_items(["ab", "ab", "b"])
    for order in (2, 3, 5):
        assert cells(plots.counts(nextchar.Ngram(order=order).fit(corpus)))[1, 2] == "ab\n2"


def test_probabilities_by_hand() -> None:
    texts = cells(plots.probabilities(bigram("ab", "ab", "b")))
    # 2 of 3 begin with a; b follows a always, the end follows b always; what never occurs is 0 and not 0.00
    assert texts[0, 1] == ".a\n66.67"
    assert texts[0, 2] == ".b\n33.33"
    assert texts[1, 2] == "ab\n100.00"
    assert texts[2, 0] == "b.\n100.00"
    assert texts[0, 0] == "..\n0"
    smoothed = cells(plots.probabilities(bigram("ab", "ab", "b", add=1)))
    assert smoothed[0, 1] == ".a\n50.00"  # (2 + 1) of (3 + 3)
    assert smoothed[0, 0] == "..\n16.67"


def test_the_lectures_figure(names_model: nextchar.NgramModel) -> None:
    figure = plots.counts(names_model)
    texts = cells(figure)
    assert len(figure.axes[0].texts) == len(texts) == 729
    # rows 4, 5 and 8 of the ledger
    for text in ("n.\n6763", "a.\n6640", "an\n5438", ".e\n1531", "dd\n149", "oa\n149", "we\n149", "jz\n0", "..\n0"):
        assert text in texts.values()
    assert texts[0, 5] == ".e\n1531"
    assert sum(text.endswith("\n0") for text in texts.values()) == 102
    assert "228,146" in figure.axes[0].get_title()
    check_readable(figure)
    check_contrast(figure)


def test_the_lectures_probabilities(names_model: nextchar.NgramModel) -> None:
    figure = plots.probabilities(names_model)
    texts = cells(figure)
    # row 8 of the ledger, in percent: .a 0.1377, an 0.1605, nd 0.0384, dr 0.0771, re 0.1336, ej 0.0027, z. 0.0667
    for text in (".a\n13.77", "an\n16.05", "nd\n3.84", "dr\n7.71", "re\n13.36", "ej\n0.27", "jz\n0", "z.\n6.67"):
        assert text in texts.values()
    for row in range(27):
        assert sum(float(texts[row, column].split("\n")[1]) for column in range(27)) == pytest.approx(100, abs=0.15)
    check_readable(figure)
    check_contrast(figure)


def test_colours_for_everyone() -> None:
    (mesh,) = plots.counts(bigram("ab", "ab", "b")).axes[0].collections
    assert mesh.get_cmap().name == "cividis"
    lights = [luminance(mesh.get_cmap()(step / 99)) for step in range(100)]
    assert lights == sorted(lights)  # what is more is lighter, for those who see no colours at all


def test_large_counts_fit() -> None:
    check_readable(plots.counts(bigram("ab", "ba", "abba", weights=[123_456_789, 9_876_543, 1])))
    check_readable(plots.counts(bigram("a")))


def test_tables_that_cannot_be_drawn() -> None:
    large = bigram("".join(chr(0x4E00 + i) for i in range(128)))  # and the boundary: 129
    for figure in (plots.counts, plots.probabilities):
        with pytest.raises(SettingsError, match=r"129 x 129 .* 128 symbols"):
            figure(large)
    corpus = nextchar.Corpus.from_items(["ab"])
    with pytest.raises(SettingsError, match="order 2 or more"):
        plots.counts(nextchar.Ngram(order=1).fit(corpus))
    for order in (1, 3):
        with pytest.raises(SettingsError, match="look back one symbol"):
            plots.probabilities(nextchar.Ngram(order=order).fit(corpus))


# -- surprisal ----------------------------------------------------------------------------------------------------


def test_surprisal_by_hand() -> None:
    figure = plots.surprisal(bigram("ab", "ab", "b", add=1), "ab")
    axes = figure.axes[0]
    # V = 3: a after the start (2 + 1)/(3 + 3), b after a (2 + 1)/(2 + 3), the end after b (3 + 1)/(3 + 3)
    nats = [math.log(2), math.log(5 / 3), math.log(3 / 2)]
    assert [bar.get_height() for bar in bars(axes)] == pytest.approx(nats)
    assert [text.get_text() for text in axes.texts] == ["0.69", "0.51", "0.41"]
    assert names_along(axes.xaxis) == ["a", "b", "."]
    assert axes.get_title() == f"ab: {sum(nats):.4f} nats"
    lines = [text.get_text() for text in figure.legends[0].get_texts()]
    assert lines == [f"all symbols alike: {math.log(3):.4f}", f"mean: {sum(nats) / 3:.4f}"]
    check_readable(figure)


def test_infinite_surprisal_is_shown(names_model: nextchar.NgramModel) -> None:
    figure = plots.surprisal(names_model, "andrejz")
    axes = figure.axes[0]
    # row 8 of the ledger
    shown = ["1.98", "1.83", "3.26", "2.56", "2.01", "5.92", "∞", "2.71"]
    assert [text.get_text() for text in axes.texts] == shown
    assert axes.get_title() == "andrejz: ∞ nats"
    hatched = [bar for bar in bars(axes) if bar.get_hatch()]
    assert len(hatched) == 1
    assert hatched[0].get_x() < 6 < hatched[0].get_x() + hatched[0].get_width()  # the seventh symbol, z
    assert hatched[0].get_height() > 5.92
    assert "impossible" in [text.get_text() for text in figure.legends[0].get_texts()]
    assert axes.get_ylim()[1] < 20
    check_readable(figure)


def test_a_word_is_shown_as_it_is_scored() -> None:
    options = nextchar.TextOptions(lower=True)
    model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["ab"], options=options))
    assert plots.surprisal(model, " AB ").axes[0].get_title().startswith("ab: ")


def test_long_words() -> None:
    model = bigram("abc", add=1)
    figure = plots.surprisal(model, "abc" * 33)
    assert len(figure.axes[0].texts) == 100
    check_readable(figure)
    with pytest.raises(SettingsError, match="102 characters; at most 100"):
        plots.surprisal(model, "abc" * 34)
    with pytest.raises(SettingsError, match="blank"):
        plots.surprisal(model, "  ")
    with pytest.raises(UnknownSymbolError, match="'x'"):
        plots.surprisal(model, "ax")


# -- characters that are hard to show -----------------------------------------------------------------------------


def test_signs_for_what_cannot_be_seen() -> None:
    corpus = nextchar.Corpus.from_items(["a\tb c", "d\u200de\u0301", "f\u00a0g"])
    model = nextchar.Ngram(order=2).fit(corpus)
    figure = plots.counts(model)
    labels = names_along(figure.axes[0].xaxis)
    assert labels == [".", "⇥", "␣", "a", "b", "c", "d", "e", "f", "g", "00A0", "◌\u0301", "200D"]
    assert "d 200D\n1" in cells(figure).values()
    assert "a⇥\n1" in cells(figure).values()
    check_readable(figure)


def test_a_full_stop_is_not_the_boundary() -> None:
    figure = plots.counts(bigram("a.", "."))
    assert names_along(figure.axes[0].xaxis) == ["·", ".", "a"]
    assert cells(figure)[1, 0] == ".·\n2"
    assert "· is the end" in figure.axes[0].get_xlabel()


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_dollar_signs_are_no_mathematics(tmp_path: Path, kind: str) -> None:
    model = bigram("$x_$", "a$b$c", r"\$\frac{$", add=1)
    for figure in (plots.counts(model), plots.surprisal(model, "$x_$"), plots.surprisal(model, r"\$\frac{$")):
        plots.save(figure, tmp_path / f"a.{kind}")
    assert "$x\n1" in cells(plots.counts(model)).values()


@pytest.mark.usefixtures("only_dejavu")
def test_a_missing_font_gives_code_points_and_a_note(tmp_path: Path) -> None:
    path, model = tmp_path / "zh.svg", tmp_path / "m"
    bigram(*CHINESE).save(model)
    V = 1 + len(set("".join(CHINESE)))
    assert 40 <= V <= 45
    result = run("plot", "counts", model, "-o", path)
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith(f"Note: no installed font has {V - 1} of the characters (U+")
    assert "install a font" in result.stderr
    svg = path.read_text(encoding="utf-8")
    assert ">5C0F 660E</text>" in svg  # 小明
    assert svg.count("<text") >= 2 * V * V
    result = run("plot", "surprisal", model, "王小明", "-o", tmp_path / "s.png")
    assert "(U+5C0F, U+660E, U+738B)" in result.stderr
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("only_dejavu")
def test_code_points_can_be_read() -> None:
    with pytest.warns(UserWarning, match="code points"):
        figure = plots.counts(bigram(*CHINESE[:8]))
    check_readable(figure)
    with pytest.warns(UserWarning, match="code points"):
        figure = plots.surprisal(bigram(*CHINESE), "王小明")
    check_readable(figure)
    assert figure.axes[0].get_title().startswith("738B 5C0F 660E: ")


def test_any_script_becomes_a_picture(tmp_path: Path) -> None:
    """With whatever fonts this machine has: never an error, and no warning but the one about fonts."""
    some, others = ["محمد", "שלום", "नमस्ते", "สวัสดี"], ["한국", "👨‍👩‍👧", "王明", "Ωß", "\U0010ffff", "\U00020000"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for items in (some, others):
            model = bigram(*items)
            for figure in (plots.counts(model), plots.surprisal(model, items[0]), plots.surprisal(model, items[1])):
                plots.save(figure, tmp_path / "a.png")
    assert all("code points" in str(warning.message) for warning in caught)


# -- files --------------------------------------------------------------------------------------------------------


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "m"
    bigram("ab", "ab", "b").save(path)
    return path


@pytest.mark.parametrize("what", ["counts", "probs", "surprisal"])
def test_the_commands(tmp_path: Path, model_file: Path, what: str) -> None:
    word = ["ab"] if what == "surprisal" else []
    for name, begin in (
        ("a.png", b"\x89PNG\r\n\x1a\n"),
        ("a.PNG", b"\x89PNG\r\n\x1a\n"),
        ("a.svg", b"<?xml"),
        ("a.b.Svg", b"<?xml"),
    ):
        path = tmp_path / name
        result = run("plot", what, model_file, *word, "-o", path)
        assert (result.stdout, result.stderr) == ("", "")
        content = path.read_bytes()
        assert content.startswith(begin)
        path.unlink()
        run("plot", what, model_file, *word, "-o", path)
        assert path.read_bytes() == content  # nothing in it depends on the time
    assert len(list(tmp_path.iterdir())) == 5


def test_an_svg_holds_its_text(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    plots.save(plots.counts(bigram("ab", "ab", "b&<")), path)
    svg = path.read_text(encoding="utf-8")
    for text in ("ab", "b&amp;", "&amp;&lt;", "&lt;.", "How often the second symbol follows the first; 10 pairs"):
        assert f">{text}</text>" in svg
    assert "sans-serif" in svg
    plots.save(plots.surprisal(bigram("ab", "ab", "b"), "bb"), path)
    assert ">∞</text>" in path.read_text(encoding="utf-8")


def test_a_picture_is_large_enough_to_read(tmp_path: Path, names_model: nextchar.NgramModel) -> None:
    path = tmp_path / "names.png"
    plots.save(plots.counts(names_model), path)
    width, height = (int.from_bytes(path.read_bytes()[at : at + 4]) for at in (16, 20))  # of PNG's first chunk
    assert 1800 < width == height < 3000  # 27 cells of 70 pixels and the margins


def test_matplotlib_is_left_as_it_was(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    plots.save(plots.counts(bigram("ab")), tmp_path / "a.svg")
    plots.save(plots.surprisal(bigram("ab"), "ab"), tmp_path / "a.png")
    assert dict(mpl.rcParams) == before
    code = (
        "import sys\nimport nextchar\nfrom nextchar import plots\n"
        "model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(['ab']))\n"
        f"plots.save(plots.counts(model), {str(tmp_path / 'b.png')!r})\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_training_curve_of_any_model_that_has_one(tmp_path: Path) -> None:
    corpus = nextchar.Corpus.from_items(["emma", "ava", "mia", "amelia", "eve", "viola"])
    mix = nextchar.Mix(epochs=3).fit(corpus)
    [line] = plots.training(mix).axes[0].get_lines()
    assert np.asarray(line.get_xdata()).tolist() == [point.step for point in mix.metrics.curve]
    assert np.asarray(line.get_ydata()).tolist() == [point.train_nats for point in mix.metrics.curve]
    # a file of version 0.1.0 counts a mix's epochs, and not its steps
    old = nextchar.load(Path(__file__).parents[1] / "fixtures" / "models" / "mix.safetensors")
    axes = plots.training(old).axes[0]
    assert np.asarray(axes.get_lines()[0].get_xdata()).tolist() == [1.0, 2.0]
    assert axes.get_xlabel() == "epoch"
    with pytest.raises(SettingsError, match="a model of kind ngram has no training curve"):
        plots.training(nextchar.Ngram().fit(corpus))


def test_clusters_are_shown() -> None:
    """Emoji and letters of several code points: as they are where a font has them, else by the first code point."""
    accented, family, keycap = "e\u0301", "\U0001f468\u200d\U0001f469", "1\ufe0f\u20e3"
    options = nextchar.TextOptions(graphemes=True)
    model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items([accented + "a", family, keycap], options=options))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whether there is a font
        names = canvas.shown([accented, family, keycap, "a"])
        plots.surprisal(model, accented + family + "a")
        plots.counts(model)
    assert names[0] == accented
    assert names[1] in ("\U0001f468\U0001f469", "1F468…")
    assert names[2] in ("1\u20e3", "0031…")
    assert names[3] == "a"
