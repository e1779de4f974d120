from __future__ import annotations

import itertools
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from brokers.connector import Execution, ExecutionReport, OrderStatus
from brokers.store.transitions import may_become, spent_on

S = OrderStatus
AT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(("final", "told"), list(itertools.product([s for s in S if s.is_final], S)))
def test_a_final_state_is_never_left(final: OrderStatus, told: OrderStatus) -> None:
    """I8: after the end nothing follows."""
    assert not may_become(final, told)


@pytest.mark.parametrize(
    ("current", "told", "allowed"),
    [
        (S.INTENT, S.SENDING, True),
        (S.SENDING, S.WORKING, True),
        (S.SENDING, S.FILLED, True),
        (S.SENDING, S.REJECTED, True),
        (S.SENDING, S.UNKNOWN, True),
        (S.SENDING, S.INTENT, True),
        (S.UNKNOWN, S.WORKING, True),
        (S.UNKNOWN, S.FILLED, True),
        (S.UNKNOWN, S.SENDING, False),
        (S.UNKNOWN, S.INTENT, False),
        (S.WORKING, S.PARTIAL, True),
        (S.WORKING, S.UNKNOWN, False),
        (S.WORKING, S.INTENT, False),
        (S.PARTIAL, S.WORKING, False),
        (S.PARTIAL, S.CANCELED, True),
    ],
)
def test_an_order_never_moves_backwards(current: OrderStatus, told: OrderStatus, allowed: bool) -> None:
    """I8: late reports do not undo what is known; only what provably was not sent becomes an intent again."""
    assert may_become(current, told) is allowed


def report(**changes: object) -> ExecutionReport:
    values = {"client_order_id": "a", "broker": "ibkr", "status": S.FILLED, "at": AT}
    amounts = {"cum_quantity": Decimal(0), "leaves_quantity": Decimal(0)}
    return ExecutionReport(**{**values, **amounts, **changes})


def fill(quantity: str, price: str, fee: str | None, currency: str = "USD") -> Execution:
    return Execution(
        execution_id=quantity + price,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=None if fee is None else Decimal(fee),
        fee_currency=currency,
        at=AT,
    )


def test_a_buy_has_spent_its_executions_and_their_fees() -> None:
    """The value of all fills is added up exactly and rounded up once, not once a fill."""
    fills = [fill("0.0000001", "1.5", "0.1"), fill("0.0000002", "1.5", "0.2")]
    assert spent_on(report(cum_quantity=Decimal("0.0000003")), fills, "USD") == Decimal("0.300001")


def test_a_fee_in_the_coin_is_no_cash() -> None:
    """What was taken from the coin was not taken from the pool."""
    told = report(cum_quantity=Decimal(1), fee=Decimal("0.01"), fee_currency="BTC")
    assert spent_on(told, [fill("1", "100", "0.01", "BTC")], "USD") == 100


def test_a_fee_that_is_not_yet_known_is_not_added_up() -> None:
    """F57: a fee that the broker has not told counts once it is told."""
    assert spent_on(report(cum_quantity=Decimal(1)), [fill("1", "100", None)], "USD") == 100
    told = report(cum_quantity=Decimal(1), fee=Decimal(3), fee_currency="USD")
    assert spent_on(told, [fill("1", "100", None)], "USD") == 103


def test_a_fill_is_spent_before_its_executions_are_told() -> None:
    """A broker that tells quantity and average price, but not the executions, has still taken the money."""
    told = report(cum_quantity=Decimal(10), average_price=Decimal("1.5"), fee=Decimal(1), fee_currency="USD")
    assert spent_on(told, [], "USD") == 16
    assert spent_on(told, [fill("4", "1", "1")], "USD") == 16


def test_many_digits_are_added_up_exactly() -> None:
    """A sum beyond 28 digits is not rounded: the executions tell all, so the average price does not count."""
    fills = [fill("10000000000000000", "1", None), fill("0.000000000001", "1", None)]
    told = report(cum_quantity=Decimal("10000000000000000.000000000001"), average_price=Decimal(2))
    assert spent_on(told, fills, "USD") == Decimal("10000000000000000.000001")
