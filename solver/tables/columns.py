"""One column: its cells parsed, each distinct text once, into canonical values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from solver.tables.cells import MISSING, cells_of
from solver.tables.display import shown, suggestion
from solver.tables.findings import Findings
from solver.tables.forms import FlawError, parser
from solver.tables.schema import Column, Form

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]

MAX_SUGGESTIONS = 100
"""Flawed texts of a column that get a "did you mean": looking for one takes a thousandth of a second."""

_MOMENTS = "datetime64[us]"


@dataclass(frozen=True, slots=True)
class Coded:
    """A canonical column as codes into a pool of values.

    A million rows hold few distinct words, so whatever is asked of the values is asked of the pool.

    Attributes
    ----------
    pool : array (n_values,)
        Objects (text, `Decimal` or None), int64, bool or datetime64[us]; the last one is the default. Values may
        repeat, since different texts may mean the same.
    codes : int64 array (n_rows,)
        Index into `pool`.
    """

    pool: Values
    codes: Codes

    @property
    def values(self) -> Values:
        """Return the value of each row."""
        taken: Values = self.pool[self.codes]
        return taken

    def where(self, test: Callable[[Any], bool]) -> Mask:
        """Tell for which rows a test of the value holds."""
        passed = np.fromiter((bool(test(value)) for value in self.pool), bool, len(self.pool))
        return np.asarray(passed[self.codes])

    def keys(self) -> Codes:
        """Return an integer per row; equal values have equal integers."""
        return np.asarray(pd.factorize(self.pool)[0], dtype=np.int64)[self.codes] + 1

    def series(self, column: Column, kept: Mask | None = None) -> pd.Series[Any]:
        """Return the column of a canonical frame, all of it or the kept rows."""
        codes = self.codes if kept is None else self.codes[kept]
        if column.is_text:
            return pd.Series(pd.array(self.pool, dtype="str").take(codes))
        if column.form is Form.MOMENT:
            return pd.Series(pd.DatetimeIndex(self.pool[codes]).tz_localize("UTC"))
        return pd.Series(self.pool[codes], dtype=self.pool.dtype)


def parse_column(series: pd.Series[Any], column: Column, findings: Findings, decimal_mark: str) -> Coded:
    """Return a column in canonical values and enter its flawed cells into `findings`.

    Parameters
    ----------
    series : Series, length n_rows
        The raw cells.
    column : Column
    findings : Findings
        Grows by one violation per flawed cell; a flawed cell gets the default value.
    decimal_mark : str
        ``.`` or ``,``.
    """
    if column.form is Form.MOMENT and isinstance(series.dtype, pd.DatetimeTZDtype):
        return _known_moments(series, column, findings)
    cells = cells_of(series, column)
    pool, flaws = _parse_texts(cells.texts, column, decimal_mark)
    for row, (message, glimpse) in cells.unreadable.items():
        findings.add([row], column.name, message, glimpse)
    if column.filled:
        absent = cells.codes == MISSING
        absent[list(cells.unreadable)] = False
        findings.add(np.flatnonzero(absent), column.name, _absent(column))
    _enter_flaws(flaws, cells.codes, cells.texts, column, findings)
    if cells.floats:
        findings.warn(column.name, f"column {column.name} holds binary floats; each was taken by its shortest text")
    return Coded(pool, np.where(cells.codes == MISSING, len(pool) - 1, cells.codes))


def absent_column(column: Column, n_rows: int) -> Coded:
    """Return a column of which the table has none: the default in every row."""
    return Coded(values_array([default_of(column)], column), np.zeros(n_rows, dtype=np.int64))


def _parse_texts(texts: Sequence[str], column: Column, decimal_mark: str) -> tuple[Values, dict[int, FlawError]]:
    """Return the value of each text, the default appended, and the flaw of each bad text."""
    parse = parser(column, decimal_mark)
    default = default_of(column)
    parsed: list[object] = []
    flaws: dict[int, FlawError] = {}
    for code, text in enumerate(texts):
        trimmed = text.strip(" ")
        value = default
        if trimmed:
            try:
                value = parse(trimmed)
            except FlawError as flaw:
                flaws[code] = flaw
        elif column.filled:
            flaws[code] = FlawError(_absent(column))
        parsed.append(value)
    parsed.append(default)
    return values_array(parsed, column), flaws


def _enter_flaws(
    flaws: dict[int, FlawError], codes: Codes, texts: Sequence[str], column: Column, findings: Findings
) -> None:
    if not flaws:
        return
    # One place more than there are texts: the code of a missing cell points to it.
    flawed = np.zeros(len(texts) + 1, dtype=bool)
    flawed[list(flaws)] = True
    rows = np.flatnonzero(flawed[codes])
    findings.mark(rows, column.name)
    spelled = rows[: findings.room].tolist()
    messages: dict[int, tuple[str, str]] = {}
    for row in spelled:
        code = int(codes[row])
        if code not in messages:
            flaw = flaws[code]
            hinted = flaw.word and len(messages) < MAX_SUGGESTIONS
            closest = suggestion(flaw.word, flaw.allowed) if hinted else ""
            messages[code] = (str(flaw) + closest, shown(texts[code]))
        findings.add([row], column.name, *messages[code])
    findings.skip(len(rows) - len(spelled))


def _absent(column: Column) -> str:
    words = f": one of {', '.join(column.words)}" if column.words else ""
    return f"a value is required{words}"


def _known_moments(series: pd.Series[Any], column: Column, findings: Findings) -> Coded:
    """Return times that are typed already; only their absence can be wrong."""
    moments: Values = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype(_MOMENTS)
    if column.filled:
        findings.add(np.flatnonzero(np.isnat(moments)), column.name, _absent(column))
    return Coded(np.append(moments, np.datetime64("NaT", "us")), np.arange(len(moments)))


def default_of(column: Column) -> object:
    """Return what an empty cell of the column means."""
    if column.default is not None:
        return column.default
    if column.form is Form.FLAG:
        return False
    return "" if column.is_text else None


def values_array(values: Sequence[object], column: Column) -> Values:
    """Return canonical values as an array of the column's kind."""
    if column.form is Form.INTEGER:
        return np.array(values, dtype=np.int64)
    if column.form is Form.FLAG:
        return np.array(values, dtype=bool)
    if column.form is Form.MOMENT:
        # numpy itself takes twenty times as long for datetime objects.
        moments: Values = pd.DatetimeIndex(np.array(values, dtype=object)).to_numpy().astype(_MOMENTS)
        return moments
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def naive_utc(moment: datetime) -> datetime:
    """Return an aware time in UTC, without its zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)
