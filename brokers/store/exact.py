"""Exact values in columns: quantities and prices as plain text, times as whole microseconds.

Money is kept in integer micro-units of its currency (`BigInteger`), so that a database can add it up; nothing is
ever stored as a binary float, which SQLAlchemy's own `Numeric` does on SQLite.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import BigInteger, Dialect, String
from sqlalchemy.types import TypeDecorator

from solver.domain.amounts import MICRO, exact_scaled, from_scaled, text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Exact(TypeDecorator[Decimal]):
    """A quantity or a price: a `Decimal` in Python, its plain text in the database."""

    impl = String(80)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Return the plain text of a decimal; a float is refused."""
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise TypeError(f"an exact amount must be a Decimal, not {type(value).__name__}")
        return text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """Return the decimal that was stored."""
        return None if value is None else Decimal(value)


class Moment(TypeDecorator[datetime]):
    """A time: aware UTC in Python, microseconds since 1970 in the database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return the microseconds since 1970 of an aware time."""
        if value is None:
            return None
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return the time that was stored."""
        return None if value is None else _EPOCH + value * _MICROSECOND


def micro(amount: Decimal) -> int:
    """Return an amount of money in micro-units.

    Raises
    ------
    ValueError
        If it carries more than six decimals.
    """
    return exact_scaled(amount, MICRO)


def money(units: int) -> Decimal:
    """Return the amount of money that micro-units stand for."""
    return from_scaled(int(units), MICRO)
