"""What is open: child orders that are not final, with the capital that is held for them."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import func, select

from brokers.connector import OrderStatus
from brokers.store.database import Database
from brokers.store.entries import held_sum
from brokers.store.exact import money
from brokers.store.schema import child_order, ledger_entry, order_event, plan

_CHILD = ("broker", "account", "order_id", "client_order_id", "plan_id", "symbol", "currency", "side", "quantity")
_STATE = ("status", "cum_quantity", "text", "at")
COLUMNS = (*_CHILD, *_STATE, "held")
"""Of the table of open orders."""


def open_orders(database: Database) -> pd.DataFrame:
    """Return the child orders that are not final, as the journal knows them, whatever ended the run that sent them.

    Returns
    -------
    DataFrame
        By broker, those of a plan in its order: ``broker, account, order_id, client_order_id, plan_id, symbol,
        currency, side, quantity``, the state ``status, cum_quantity, text`` and since when it stands (``at``), and
        what is ``held`` in `currency`.
    """
    latest = select(func.max(order_event.c.event_id)).group_by(order_event.c.client_order_id)
    held = (
        select(ledger_entry.c.client_order_id, held_sum().label("held"))
        .where(ledger_entry.c.client_order_id.is_not(None))
        .group_by(ledger_entry.c.client_order_id)
        .subquery()
    )
    final = [status for status in OrderStatus if status.is_final]
    query = (
        select(
            *(child_order.c[name] for name in _CHILD),
            *(order_event.c[name] for name in _STATE),
            func.coalesce(held.c.held, 0).label("held"),
        )
        .join(order_event, order_event.c.client_order_id == child_order.c.client_order_id)
        .join(plan, plan.c.plan_id == child_order.c.plan_id)
        .outerjoin(held, held.c.client_order_id == child_order.c.client_order_id)
        .where(order_event.c.event_id.in_(latest), order_event.c.status.not_in(final))
        .order_by(child_order.c.broker, plan.c.at, plan.c.plan_id, child_order.c.number)
    )
    with database.reading() as connection:
        frame = pd.DataFrame(connection.execute(query).all(), columns=COLUMNS)
    frame["held"] = pd.Series([money(units) for units in frame["held"]], dtype=object)
    return frame
