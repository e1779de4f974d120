"""Cells of any DataFrame column, whatever its dtype, as texts: each distinct one once.

A validated file and a validated DataFrame must mean the same, so both go through text: a typed cell is
written in its shortest exact form and then read by the parser of its column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from solver.tables.forms import MAX_NUMBER, FlawError
from solver.tables.schema import Column, Form

MISSING = -1
"""Code of a cell without a value, as pandas has it."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A column as codes into its distinct texts.

    Attributes
    ----------
    codes : int64 array (n_rows,)
        Index into `texts`; `MISSING` for a cell without a value.
    texts : sequence of str
        Distinct as written, not yet trimmed.
    unreadable : dict of int to (str, str)
        Rows whose cell is no text or number at all: what is wrong, and what to show. Their code is `MISSING`.
    floats : bool
        Whether a binary float stood in the column.
    """

    codes: npt.NDArray[np.int64]
    texts: Sequence[str]
    unreadable: dict[int, tuple[str, str]] = field(default_factory=dict)
    floats: bool = False


def cells_of(series: pd.Series[Any], column: Column) -> Cells:
    """Return the cells of a DataFrame column.

    Parameters
    ----------
    series : Series, length n_rows
        Any dtype; its index is ignored.
    column : Column
        What the cells are meant to be: a truth value is a value of a flag and of nothing else.
    """
    if _holds_only_text(series):
        codes, texts = pd.factorize(series.to_numpy(dtype=object))
        return Cells(np.asarray(codes, dtype=np.int64), texts.tolist())
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iufb":
        # One text per distinct number. -0.0 and 0.0 fall together here, and they mean the same.
        codes, distinct = pd.factorize(series.to_numpy())
        return _from_objects(list(distinct), column, np.asarray(codes, dtype=np.int64))
    return _from_objects(_objects(series), column)


def _objects(series: pd.Series[Any]) -> list[object]:
    # Not by `astype`: it looks for missing values, and comparing a signalling NaN raises.
    if isinstance(series.dtype, np.dtype) and series.dtype.kind == "O":
        return list(series.to_numpy())
    return list(series.astype(object).to_numpy(dtype=object))


def _holds_only_text(series: pd.Series[Any]) -> bool:
    if isinstance(series.dtype, pd.StringDtype):
        return True
    if not (isinstance(series.dtype, np.dtype) and series.dtype.kind == "O"):
        return False
    return all(cell is None or isinstance(cell, str) for cell in series.to_numpy())


def _from_objects(objects: Sequence[object], column: Column, codes: npt.NDArray[np.int64] | None = None) -> Cells:
    """Return cells from Python objects; with `codes`, the objects are distinct and codes point to them."""
    texts: list[str | None] = []
    flaws: dict[int, tuple[str, str]] = {}
    for place, cell in enumerate(objects):
        try:
            texts.append(_text(cell, column))
        except FlawError as flaw:
            texts.append(None)
            flaws[place] = (str(flaw), _glimpse(cell))
    inner, distinct = pd.factorize(np.array([*texts, None], dtype=object))
    inner = np.asarray(inner, dtype=np.int64)
    floats = any(isinstance(cell, float | np.floating) and cell == cell for cell in objects)
    if codes is None:
        return Cells(inner[:-1], [str(text) for text in distinct], flaws, floats)
    # The sentinel row appended above is what a missing cell's code -1 points to.
    unreadable = {int(row): flaws[place] for place in flaws for row in np.flatnonzero(codes == place)}
    return Cells(inner[codes], [str(text) for text in distinct], unreadable, floats)


def _text(cell: object, column: Column) -> str | None:
    """Return the text that a cell stands for, or None if it is missing."""
    if isinstance(cell, str):
        return str(cell)
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return None
    if isinstance(cell, bool | np.bool_):
        if column.form is Form.FLAG:
            return "true" if cell else "false"
        raise FlawError("a truth value stands where a text or a number belongs")
    if isinstance(cell, int | np.integer):
        return _integer_text(int(cell))
    if isinstance(cell, float | np.floating):
        return _float_text(cell)
    if isinstance(cell, Decimal):
        return _decimal_text(cell)
    if isinstance(cell, datetime) and column.form is Form.MOMENT:
        return cell.isoformat()
    takes_list = column.form in (Form.BROKERS, Form.CURRENCIES)
    # Parquet has its lists as arrays.
    if takes_list and isinstance(cell, list | tuple | np.ndarray) and all(isinstance(item, str) for item in cell):
        return "|".join(cell)
    raise FlawError(f"a cell of type {type(cell).__name__} cannot be read as {column.form.value}")


def _integer_text(number: int) -> str:
    # Python refuses to print, and takes quadratic time for, integers of thousands of digits.
    if number.bit_length() > 4 * MAX_NUMBER:
        raise FlawError(f"a number has at most {MAX_NUMBER} characters")
    return str(number)


def _float_text(number: float | np.floating[Any]) -> str | None:
    if number != number:
        return None
    if not np.isfinite(number):
        raise FlawError("must be a finite number")
    text = format(Decimal(str(number)), "f")
    return text.removesuffix(".0")


def _decimal_text(amount: Decimal) -> str:
    if not amount.is_finite():
        raise FlawError("must be a finite number")
    digits, exponent = amount.as_tuple()[1:]
    if len(digits) > 4 * MAX_NUMBER or abs(int(exponent)) > 4 * MAX_NUMBER:
        raise FlawError(f"a number has at most {MAX_NUMBER} characters")
    text = format(amount, "f")
    # A database column of fixed scale pads with zeros, which say nothing.
    return text.rstrip("0").removesuffix(".") if "." in text else text


def _glimpse(cell: object) -> str:
    """Return something printable about a cell whose own text cannot be trusted to be short or to exist."""
    if isinstance(cell, bool | np.bool_ | float | np.floating):
        return str(cell)
    if isinstance(cell, Decimal) and not cell.is_finite():
        return str(cell)[:20]
    return type(cell).__name__
