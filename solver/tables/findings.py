"""What a validation finds, row by row: which rows are bad, why, and what deserves a warning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from solver.errors import Violation

MAX_VIOLATIONS = 100_000
"""Violations that are spelled out; the rest is counted, so that a hopeless file cannot exhaust the memory."""

MAX_WARNINGS = 20
"""Warnings of one kind that are spelled out."""


class Findings:
    """Collects violations and warnings of one table.

    Parameters
    ----------
    place : str
        The table or the file, for messages.
    n_rows : int
    lines : sequence of int, optional
        1-based line of each row in its file; without it rows are numbered from 1.
    """

    def __init__(self, place: str, n_rows: int, lines: Sequence[int] | None = None) -> None:
        if lines is not None and len(lines) != n_rows:
            raise ValueError(f"{len(lines)} lines for {n_rows} rows")
        self.place = place
        self.bad: npt.NDArray[np.bool_] = np.zeros(n_rows, dtype=bool)
        self.warnings: list[Violation] = []
        self._lines = lines
        self._flawed: dict[str, npt.NDArray[np.bool_]] = {}
        self._rows: list[tuple[int, Violation]] = []
        self._skipped = 0

    @property
    def room(self) -> int:
        """Return how many more violations will be spelled out."""
        return MAX_VIOLATIONS - len(self._rows)

    @property
    def by_row(self) -> bool:
        """Tell whether places are numbers of rows, since the rows have no lines."""
        return self._lines is None

    def line(self, row: int) -> int:
        """Return the line, or else the number, of a row."""
        return int(self._lines[row]) if self._lines is not None else row + 1

    def where(self, row: int) -> str:
        """Return ``line 7`` or, without a file, ``row 7``."""
        return f"{'row' if self.by_row else 'line'} {self.line(row)}"

    def mark(self, rows: npt.NDArray[np.int64], column: str) -> None:
        """Count rows as bad because of a column."""
        if len(rows):
            self.bad[rows] = True
            self._flawed.setdefault(column, np.zeros(len(self.bad), dtype=bool))[rows] = True

    def flawed(self, *columns: str) -> npt.NDArray[np.bool_]:
        """Tell which rows have a violation in one of the columns: no further rule should judge them by it."""
        masks = [self._flawed[column] for column in columns if column in self._flawed]
        return np.logical_or.reduce(masks) if masks else np.zeros(len(self.bad), dtype=bool)

    def skip(self, count: int) -> None:
        """Note violations that are not spelled out."""
        self._skipped += count

    def add(self, rows: npt.NDArray[np.int64] | Sequence[int], column: str, message: str, value: str = "") -> None:
        """Enter the same violation for each of the rows."""
        positions = np.asarray(rows, dtype=np.int64)
        self.mark(positions, column)
        spelled = positions[: self.room].tolist()
        for row in spelled:
            self._rows.append((row, self._violation(message, row, column, value)))
        self.skip(len(positions) - len(spelled))

    def warn(self, column: str, message: str, row: int | None = None, value: str = "") -> None:
        """Enter a warning."""
        self.warnings.append(self._violation(message, row, column, value))

    def warn_each(self, cases: Iterable[tuple[int, str, str]], column: str, summary: str) -> None:
        """Enter warnings (row, message, value) of one kind; beyond `MAX_WARNINGS` only their number."""
        count = 0
        for row, message, value in cases:
            count += 1
            if count <= MAX_WARNINGS:
                self.warn(column, message, row, value)
        if count > MAX_WARNINGS:
            self.warn(column, f"{count - MAX_WARNINGS} more {summary}")

    def _violation(self, message: str, row: int | None, column: str, value: str) -> Violation:
        line = None if row is None else self.line(row)
        return Violation(message, self.place, line, column, value, by_row=self.by_row)

    def violations(self) -> tuple[Violation, ...]:
        """Return the violations in the order of the rows."""
        ordered = [violation for _, violation in sorted(self._rows, key=lambda entry: entry[0])]
        if self._skipped:
            ordered.append(Violation(f"{self._skipped} more problems are not shown", self.place))
        return tuple(ordered)
