"""What an order may become, and what it has drawn: the two rules by which the journal reads a report."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil

from brokers.connector import Execution, ExecutionReport, OrderStatus
from brokers.store.exact import money
from solver.domain import MICRO

_STAGE = {
    OrderStatus.INTENT: 0,
    OrderStatus.SENDING: 1,
    OrderStatus.UNKNOWN: 2,
    OrderStatus.WORKING: 3,
    OrderStatus.PARTIAL: 4,
}
_LAST = 5


def may_become(current: OrderStatus, told: OrderStatus) -> bool:
    """Tell whether an order in state `current` may be moved to `told` by a report.

    An order never moves backwards, so that late and repeated reports do no harm, and never out of a final state.
    The one step back is from being sent to not sent, by a connector that can prove it.
    """
    if current.is_final:
        return False
    if told is OrderStatus.INTENT:
        return current in (OrderStatus.INTENT, OrderStatus.SENDING)
    return _STAGE.get(told, _LAST) >= _STAGE[current]


def spent_on(report: ExecutionReport, executions: Sequence[Execution], currency: str) -> Decimal:
    """Return the cash that a buy has drawn to date, rounded up.

    Parameters
    ----------
    report : ExecutionReport
        The latest one.
    executions : sequence of Execution
        All that are known of the order. Some brokers tell the quantity filled before its executions, some never
        tell these: where the report says more, it counts.
    currency : str
        Of the listing; a fee in anything else was not paid from this pool.
    """
    value = sum((Fraction(each.quantity) * Fraction(each.price) for each in executions), Fraction())
    # Fractions: a sum of decimals is rounded to 28 digits.
    told = sum((Fraction(each.quantity) for each in executions), Fraction())
    if report.average_price is not None and told < Fraction(report.cum_quantity):
        value = Fraction(report.cum_quantity) * Fraction(report.average_price)
    fees = sum((Fraction(each.fee or 0) for each in executions if each.fee_currency == currency), Fraction())
    if report.fee is not None and report.fee_currency == currency:
        fees = max(fees, Fraction(report.fee))
    return money(ceil(value * MICRO) + ceil(fees * MICRO))
