from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select
from sqlalchemy.exc import StatementError

from brokers.store.exact import Exact, Moment, micro, money

_TABLE = Table("sample", MetaData(), Column("n", Integer, primary_key=True), Column("x", Exact), Column("t", Moment))
_ENGINE = create_engine("sqlite://")
_TABLE.create(_ENGINE)


def _through_database(x: Decimal | None, t: datetime | None) -> tuple[Decimal | None, datetime | None]:
    with _ENGINE.begin() as connection:
        key = connection.execute(insert(_TABLE).values(x=x, t=t)).inserted_primary_key[0]
        row = connection.execute(select(_TABLE.c.x, _TABLE.c.t).where(_TABLE.c.n == key)).one()
    return row[0], row[1]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**15), max_value=10**15))
def test_an_amount_comes_back_as_it_was(x: Decimal) -> None:
    """I11: the decimal that is read equals the one that was stored, to the last digit."""
    assert _through_database(x, None)[0] == x


def test_an_amount_is_stored_as_plain_text() -> None:
    """What stands in the database is what goes on the wire: no exponent, no trailing zeros."""
    with _ENGINE.begin() as connection:
        connection.execute(insert(_TABLE).values(n=-1, x=Decimal("1.50E-9")))
        assert connection.exec_driver_sql("select x from sample where n = -1").scalar() == "0.0000000015"


def test_a_float_is_refused() -> None:
    """I11: no binary float reaches an amount, not even a whole one."""
    with pytest.raises(StatementError, match="must be a Decimal, not float"):
        _through_database(1.0, None)  # type: ignore[arg-type]


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_comes_back_as_it_was(t: datetime) -> None:
    """A time is read as it was stored, to the microsecond, aware and in UTC."""
    _, back = _through_database(None, t)
    assert back == t
    assert back.tzinfo is UTC


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    """Times are moments: the zone in which they were written does not matter."""
    paris = datetime(2026, 11, 23, 16, 0, tzinfo=timezone(timedelta(hours=1)))
    assert _through_database(None, paris)[1] == datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def test_money_has_at_most_six_decimals() -> None:
    """An amount of money is a whole number of micro-units, or an error; it is never rounded in passing."""
    assert micro(Decimal("12.345678")) == 12_345_678
    assert money(12_345_678) == Decimal("12.345678")
    with pytest.raises(ValueError, match="more than 6 decimals"):
        micro(Decimal("0.0000001"))
