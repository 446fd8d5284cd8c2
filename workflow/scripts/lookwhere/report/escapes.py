"""Escape any name of a class, net or method as plain text of Markdown and LaTeX.

HTML is escaped by ``html``, JSON in ``gallery``, and the report's reStructuredText in its own
templates.
"""

import re

# Markup of Markdown; an underscore only where it does not join letters or digits.
MARKDOWN = re.compile(r"[\\`*\[\]<>|$~@]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|:(?=//)|(?<=www)\.")
JOINERS = "\u200c\u200d"  # invisible, and part of words in some scripts

# Commands of every font encoding (OT1, T1, TU) that need no package or further font, and work under
# babel, where a quote may be a command. OT1 has the curly quote alone, and draws underscores.
LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\`{}",
    '"': r"\symbol{34}",
    "\N{REPLACEMENT CHARACTER}": "?",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}
LIGATURES = re.compile(
    "(?<=-)(?=-)|(?<=')(?=')|(?<=,)(?=,)"
)  # of punctuation; those of letters are fine


def one_line(text: str) -> str:
    """The text without line breaks and unprintable characters."""
    return "".join(
        sign
        if sign.isprintable() or sign in JOINERS
        else " "
        if sign.isspace()
        else "\N{REPLACEMENT CHARACTER}"
        for sign in text
    )


def markdown(text: str) -> str:
    """The text in a cell of a Markdown table."""
    return MARKDOWN.sub(lambda sign: f"\\{sign[0]}", one_line(text))


def latex(text: str) -> str:
    """The text in a cell of a LaTeX table."""
    apart = LIGATURES.split(one_line(text))
    return "{}".join("".join(LATEX.get(sign, sign) for sign in part) for part in apart)


def latex_row_start(text: str) -> str:
    """A cell that begins a row: ``[`` and ``*`` would be arguments of the line break before it."""
    return "{}" + text if text.startswith(("[", "*")) else text
