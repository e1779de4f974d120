"""Columns of 64-bit integers, read without rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from solver.errors import ProblemError

Column = npt.NDArray[np.int64]
"""A column of 64-bit integers."""

INT64_MAX = 2**63 - 1

FLOAT_EXACT = 2**53
"""Integers up to this are carried exactly by a binary float, and so by every back-end."""


def integers(name: str, values: npt.ArrayLike) -> Column:
    """Return `values` as an int64 column.

    Raises
    ------
    ProblemError
        If they are not one-dimensional, not integers, or beyond int64.
    """
    try:
        array = np.asarray(values)
        if array.dtype.kind == "f" and not isinstance(values, np.ndarray):
            # A list with an integer beyond 64 bits among smaller ones: numpy made floats of them.
            array = np.asarray(values, dtype=object)
    except (OverflowError, ValueError) as error:
        raise ProblemError(f"{name}: not a column of integers ({error})") from None
    if array.ndim != 1:
        raise ProblemError(f"{name}: must have one dimension, has {array.ndim}")
    if array.size == 0:
        return np.zeros(0, np.int64)
    if array.dtype == object or array.dtype == np.uint64:
        return _exact_integers(name, array)
    if array.dtype.kind not in "iu":
        raise ProblemError(f"{name}: must be integers, is {array.dtype}")
    return array.astype(np.int64)


def _exact_integers(name: str, array: npt.NDArray[Any]) -> Column:
    for value in array:
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise ProblemError(f"{name}: must be integers, holds {value!r}")
        if abs(int(value)) > INT64_MAX:
            raise ProblemError(f"{name}: {value} does not fit into 64 bits")
    return array.astype(np.int64)
