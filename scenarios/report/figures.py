"""Amounts for people: thousands set apart, as many decimals as help, never a binary float."""

from __future__ import annotations

from decimal import Decimal

from solver.domain.amounts import plain

POINTS_PER_UNIT = 100
"""Points of one unit of base currency that is routed to its first choice at weight one."""


def whole(amount: Decimal) -> str:
    """Return an amount without decimals: ``1,234,568``."""
    return f"{amount:,.0f}"


def cents(amount: Decimal) -> str:
    """Return an amount with two decimals, or with all it has where two would show nothing of it."""
    if amount and abs(amount) < Decimal("0.01"):
        return f"{plain(amount):f}"
    return f"{amount:,.2f}"


def compact(amount: Decimal) -> str:
    """Return an amount as short as it can be read: no decimals from a hundred on."""
    return whole(amount) if abs(amount) >= 100 or not amount else cents(amount)


def exact(amount: Decimal) -> str:
    """Return all digits of an amount, thousands set apart."""
    return f"{plain(amount):,f}"


def weighted_value(points: int) -> Decimal:
    """Return points as money: what they would be worth in base currency at first choice and weight one."""
    return Decimal(int(points)) / POINTS_PER_UNIT


def share(part: Decimal, total: Decimal) -> str:
    """Return a signed share in per cent: ``-20.8 %``."""
    return f"{100 * part / total:+,.1f} %" if total else ""


def gap(value: float) -> str:
    """Return a relative gap: ``0``, ``0.25 %``, or a power of ten where that would show nothing."""
    if not value:
        return "0"
    return f"{value:.2%}".replace("%", " %") if value >= 0.0001 else f"{value:.0e}"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: ``1 order``, ``1,200 orders``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
