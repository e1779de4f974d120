"""A table as its file has it: cells of text, each row with its line, nothing judged yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from solver.errors import Violation


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """Rows of a file.

    Attributes
    ----------
    frame : DataFrame, n_rows
        Cells as they stand in the file; column names may repeat.
    lines : sequence of int (n_rows,) or None
        1-based line on which each row begins; None where rows have no lines of their own.
    violations : tuple of Violation
        Rows that are not in the frame because they do not fit the header.
    decimal_mark : str
    """

    frame: pd.DataFrame
    lines: Sequence[int] | None
    violations: tuple[Violation, ...] = ()
    decimal_mark: str = "."


@dataclass(frozen=True, slots=True)
class Size:
    """The most that is read; checked before anything is parsed.

    Attributes
    ----------
    file_bytes : int
    line_bytes : int
        Of one line of a text table.
    rows : int
    """

    file_bytes: int = 256 * 2**20
    line_bytes: int = 2**20
    rows: int = 5_000_000
