"""Lines of aligned cells: one layout for the terminal and for plain text, without boxes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

GUTTER = "  "


def aligned(rows: Sequence[Sequence[str]], sides: str, *, width: int, styles: Sequence[str] = ()) -> list[Text]:
    """Return one line a row, its cells padded to common widths; what does not fit is clipped at the end.

    Parameters
    ----------
    rows : sequence of sequence of str
        All of one length.
    sides : str
        A letter a column: ``l`` or ``r``.
    width : int
        Most columns of the terminal that a line takes.
    styles : sequence of str, optional
        A style of rich for each column.
    """
    widths = [max(cell_len(row[at]) for row in rows) for at in range(len(sides))] if rows else []
    return [_line(row, widths, sides, styles or [""] * len(sides), width) for row in rows]


def clipped(line: Text, width: int) -> Text:
    """Return a line that is at most `width` wide, without blanks at its end."""
    line.rstrip()
    line.truncate(width, overflow="ellipsis")
    return line


def wrapped(pieces: Sequence[str], *, first: str, width: int, gutter: str = "   ") -> list[str]:
    """Return pieces side by side behind `first`, on as many lines as they need; later lines are indented alike."""
    lines, start = [], first
    indent = " " * cell_len(first)
    for piece in pieces:
        if start.strip() and start not in (first, indent) and cell_len(start + gutter + piece) > width:
            lines.append(start)
            start = indent
        start += piece if start in (first, indent) else gutter + piece
    return [*lines, start]


def _line(row: Sequence[str], widths: Sequence[int], sides: str, styles: Sequence[str], width: int) -> Text:
    line = Text(no_wrap=True)
    for at, cell in enumerate(row):
        padding = " " * (widths[at] - cell_len(cell))
        line.append(GUTTER if at else "")
        line.append(padding + cell if sides[at] == "r" else cell + padding, style=styles[at])
    return clipped(line, width)
