"""One style for all figures: the same colour and marker for the same method everywhere.

Fills are opaque, so that png, pdf and eps look alike. Colour is never the only cue: points
differ by shape too, and bars have a row with a name each. Controls are grey.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from lookwhere.charts import looks, pages
from lookwhere.io.atomic import atomic_file
from lookwhere.methods.names import CONTROL_LABELS, LABELS

# Colour and marker by the name of a method or control, set by ``space``: see ``looks``.
PALETTE: dict[str, Any] = {}
MARKERS: dict[str, Any] = {}
COLUMN, PAGE = 3.5, 7.2  # inches: widths of a column of print and of a page
FORMATS = ("png", "pdf", "eps")
EPS_DPI = 180  # of rasterized parts
WEB_PIXELS = 160  # CSS pixels an inch on a page of the report
STYLE: dict[Any, Any] = {
    "font.size": 8,
    "text.parse_math": False,  # a $ in a name is a $
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7,
    "figure.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "0.9",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.5,
    "figure.constrained_layout.use": True,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.columnspacing": 1.2,
    "pdf.fonttype": 42,
    "ps.fonttype": 3,  # 42 takes ten times as long: matplotlib reads every glyph of the font
    "hatch.linewidth": 0.6,
    "savefig.dpi": 300,
}


def space(methods: Iterable[str]) -> None:
    """Set PALETTE and MARKERS for a study of these ``methods``, and the controls."""
    styles = looks.of_methods(methods) | looks.of_controls(CONTROL_LABELS)
    for table, place in ((PALETTE, 0), (MARKERS, 1)):
        table.clear()
        table.update({name: style[place] for name, style in styles.items()})


space(LABELS)

REMARK: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "color": "0.35"}
REMARK["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # no line crosses it


def wrapped(label: str, most: int = 24) -> str:
    """The label in lines of at most ``most`` characters, broken at spaces.

    A word that is longer than a line is broken at dots, - and _.
    """
    lines = []
    for line in label.split("\n"):
        lines.append("")
        for word in re.findall(r"[^ ]+ *| +", line):
            parts = [word]
            if len(word.rstrip()) > most:
                parts = re.findall(rf"[^-_. ]{{1,{most}}}[-_. ]?|[-_. ]", word)
            for part in parts:
                if lines[-1] and len(lines[-1] + part.rstrip()) > most:
                    lines.append("")
                lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def shortened(label: str, most: int) -> str:
    """The label in one line of at most ``most`` characters; a longer one ends in dots."""
    return label if len(label) <= most else f"{label[: most - 3].rstrip()}..."


@contextmanager
def styled(changes: dict[Any, Any] | None = None) -> Iterator[None]:
    """Draw in the style of the study, whatever the user's matplotlibrc."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE | (changes or {}))
        yield


def save(figure: Figure, stem: Path, caption: str) -> None:
    """Save the figure as ``stem`` with every suffix of FORMATS, and as a page with its caption."""
    for suffix in FORMATS:
        with atomic_file(f"{stem}.{suffix}") as draft, styled():
            figure.savefig(draft, dpi=EPS_DPI if suffix == "eps" else None)
            _keep_layout(figure)
            if suffix == "eps":
                draft.write_bytes(compressed(draft.read_bytes()))
    picture = Path(f"{stem}.png").read_bytes()
    width = round(WEB_PIXELS * figure.get_figwidth())
    page = pages.figure_page(stem.name, figure.get_suptitle(), caption, picture, width)
    with atomic_file(f"{stem}.html") as draft:
        draft.write_text(page, "utf-8")


def _keep_layout(figure: Figure) -> None:
    """Give the figure its present layout in all formats; ``"none"`` would draw each twice."""
    with mpl.rc_context({"figure.constrained_layout.use": False, "figure.autolayout": False}):
        figure.set_layout_engine(None)


# An image as matplotlib writes it in EPS: the three colours of each pixel in hexadecimal digits.
PIXELS = re.compile(
    rb"\{\s*currentfile DataString readhexstring pop\s*\} bind false 3 colorimage\s+"
    rb"([0-9a-f\s]+)(?=grestore)"
)


def compressed(eps: bytes) -> bytes:
    """The EPS file with its images deflated: a tenth of the size, for PostScript level 3."""

    def deflate(picture: re.Match[bytes]) -> bytes:
        pixels = zlib.compress(bytes.fromhex(picture[1].decode("ascii")), 9)
        decode = b"currentfile /ASCIIHexDecode filter /FlateDecode filter false 3 colorimage\n"
        return decode + pixels.hex("\n", -64).encode("ascii") + b">\n"

    return PIXELS.sub(deflate, eps)
