"""Columns of exact integers, and striking candidates out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from solver.domain.amounts import MICRO, exact_scaled, floor_scaled
from solver.domain.reason import ReasonCode

Integers = npt.NDArray[Any]
"""A column of Python integers of any size."""


def strike(
    arcs: pd.DataFrame, mask: npt.NDArray[np.bool_], code: ReasonCode, *, detail: str | list[str] = ""
) -> npt.NDArray[np.bool_]:
    """Strike out the candidates of `mask` that still stand; return which they were."""
    hit = np.asarray(mask & (arcs["code"] == "").to_numpy(bool))
    arcs.loc[hit, "code"] = str(code)
    details = [detail] * len(arcs) if isinstance(detail, str) else detail
    arcs.loc[hit, "detail"] = [text for text, struck in zip(details, hit, strict=True) if struck]
    return hit


def strike_size(
    arcs: pd.DataFrame,
    mask: npt.NDArray[np.bool_],
    code: ReasonCode,
    needed: Integers,
    available: Integers,
    scale: int,
    unit: pd.Series[str],
) -> None:
    """Strike out candidates for their size, with the numbers."""
    hit = strike(arcs, mask, code)
    places = np.flatnonzero(hit)
    arcs.loc[hit, "needed"] = [Decimal(int(np.asarray(needed)[at])) / scale for at in places]
    arcs.loc[hit, "available"] = [Decimal(int(np.asarray(available)[at])) / scale for at in places]
    arcs.loc[hit, "unit"] = unit[hit]


def scaled(amounts: pd.Series[Any], scale: int) -> Integers:
    """Return decimals as integers of ``1 / scale``, 0 where missing; micro-units are rounded down."""
    convert = floor_scaled if scale == MICRO else exact_scaled
    return objects([0 if amount is None else convert(amount, scale) for amount in amounts])


def objects(values: list[Any]) -> Integers:
    """Return a one-dimensional object array: exact integers of any size."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def fractions(weights: Integers) -> tuple[Integers, Integers]:
    """Return the numerators and the denominators of a column of fractions."""
    return objects([w.numerator for w in weights]), objects([w.denominator for w in weights])
