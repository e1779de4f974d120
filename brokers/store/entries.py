"""The entries of the ledger, which are only ever added: capital is held, settled and released by them.

Every function works inside a transaction of the caller. For a pool (broker, account, currency)

* ``total = opening + adjust``
* ``held  = hold - settle - release``, the same for every single order and never negative
* ``spent = settle``
* ``free  = total - held - spent``, which is ``opening + adjust + release - hold``

so ``total = free + held + spent`` holds exactly. Free capital turns negative only by a broker's fact (a fill or
a fee above the hold, cash withdrawn), and then nothing more is granted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, and_, bindparam, case, func, insert, literal, select

from brokers.errors import CapitalError, Shortage, StoreError
from brokers.store.exact import micro, money
from brokers.store.schema import balance, ledger_entry

Pool = tuple[str, str, str]
"""Broker, account, currency."""

_ENTRY = ledger_entry.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Capital to be kept for one child order; `amount` in the pool's currency, at most six decimals."""

    client_order_id: str
    broker: str
    account: str
    currency: str
    amount: Decimal
    sleeve: str = ""
    plan_id: str = ""

    @property
    def pool(self) -> Pool:
        """Return the pool it draws on."""
        return self.broker, self.account, self.currency


def book_holds(connection: Connection, holds: Sequence[Hold], at: datetime) -> None:
    """Hold capital for child orders; the caller does not commit if it is refused, so it is all or none.

    Raises
    ------
    CapitalError
        Naming every pool with less free capital, above its reserve and its unsettled cash, than its holds need
        together; a pool that is not open has none.
    """
    by_pool: dict[Pool, list[Hold]] = {}
    for each in holds:
        if each.amount < 0:
            raise ValueError(f"a hold cannot be negative: {each}")
        by_pool.setdefault(each.pool, []).append(each)
    shortages = []
    for pool, wanted in sorted(by_pool.items()):
        needed = sum(micro(each.amount) for each in wanted)
        kept_back = lock_pool(connection, pool)
        if kept_back is None or not _hold_first(connection, wanted[0], needed + kept_back, at):
            free = 0 if kept_back is None else free_of(connection, pool) - kept_back
            shortages.append(Shortage(*pool, money(needed), money(free)))
        elif wanted[1:]:
            connection.execute(insert(ledger_entry), [_hold_row(each, at) for each in wanted[1:]])
    if shortages:
        raise CapitalError(shortages)


def book_settlement(connection: Connection, client_order_id: str, spent: Decimal, at: datetime) -> Decimal:
    """Book what an order has drawn to date and return what of it is new.

    Where the new part exceeds what is left of the hold, the hold grows by the excess: the broker has taken it,
    free or not.

    Parameters
    ----------
    connection : Connection
    client_order_id : str
        An order that has a hold.
    spent : Decimal
        Everything the order has drawn since it was sent, fees included. The same figure again books nothing;
        nor does a smaller one: money that comes back is an adjustment.
    at : datetime

    Raises
    ------
    StoreError
        If nothing was ever held for the order.
    """
    order = _entries_of(connection, client_order_id)
    if order is None:
        raise StoreError(f"nothing is held for {client_order_id}")
    new = micro(spent) - order.spent
    if new <= 0:
        return Decimal(0)
    if new > order.held:
        _add(connection, order, "hold", new - order.held, order.holds, at)
    _add(connection, order, "settle", new, order.settlements, at)
    return money(new)


def book_release(connection: Connection, client_order_id: str, at: datetime) -> Decimal:
    """Give back what is left of an order's hold and return it; nothing the second time, or if nothing was held."""
    order = _entries_of(connection, client_order_id)
    if order is None or order.held <= 0:
        return Decimal(0)
    _add(connection, order, "release", order.held, order.releases, at)
    return money(order.held)


def book_pool_entry(connection: Connection, pool: Pool, kind: str, amount: int, at: datetime) -> None:
    """Add an entry of a pool itself, ``opening`` or ``adjust`` [micro-units]."""
    values = {"kind": kind, "amount": amount, "number": 0, "at": at, **_pool_columns(pool)}
    connection.execute(insert(ledger_entry).values(**values))


def lock_pool(connection: Connection, pool: Pool) -> int | None:
    """Return what of a pool's cash no order may hold, and keep other writers off the pool until the commit.

    That is its reserve and what the broker told to be unsettled; None if the pool is not open.
    """
    conditions = [balance.c[name] == value for name, value in _pool_columns(pool).items()]
    told = select(balance.c.reserve, balance.c.cash, balance.c.settled).where(*conditions)
    # SQLite has locked the whole database at BEGIN; there, FOR UPDATE is left out.
    row = connection.execute(told.with_for_update()).one_or_none()
    if row is None:
        return None
    unsettled = 0 if row.settled is None else max(row.cash - row.settled, 0)
    return int(row.reserve or 0) + unsettled


def free_of(connection: Connection, pool: Pool) -> int:
    """Return the free capital of a pool [micro-units]."""
    return int(connection.scalar(select(free_sum()).where(of_pool(pool))) or 0)


def sum_of(*kinds: str) -> Any:
    """Return the SQL sum of the entries of some kinds [micro-units]."""
    return func.coalesce(func.sum(case((_ENTRY.kind.in_(kinds), _ENTRY.amount), else_=0)), 0)


def free_sum() -> Any:
    """Return the SQL expression for free capital."""
    return sum_of("opening", "adjust", "release") - sum_of("hold")


def held_sum() -> Any:
    """Return the SQL expression for held capital."""
    return sum_of("hold") - sum_of("settle", "release")


def of_pool(pool: Pool) -> Any:
    """Return the SQL condition that an entry belongs to a pool."""
    return and_(*(_ENTRY[name] == value for name, value in _pool_columns(pool).items()))


def _pool_columns(pool: Pool) -> dict[str, str]:
    return dict(zip(("broker", "account", "currency"), pool, strict=True))


def _hold_first(connection: Connection, first: Hold, least: int, at: datetime) -> bool:
    """Insert the first hold of a pool if all of them fit: one statement checks and takes."""
    row = _hold_row(first, at)
    free = select(free_sum()).where(of_pool(first.pool)).scalar_subquery()
    source = select(*(literal(value, _ENTRY[name].type) for name, value in row.items())).where(
        free >= literal(least, BigInteger)
    )
    return connection.execute(insert(ledger_entry).from_select(list(row), source)).rowcount == 1


def _hold_row(hold: Hold, at: datetime) -> dict[str, Any]:
    return {
        **_pool_columns(hold.pool),
        "sleeve": hold.sleeve,
        "kind": "hold",
        "amount": micro(hold.amount),
        "client_order_id": hold.client_order_id,
        "number": 0,
        "plan_id": hold.plan_id,
        "at": at,
    }


def _entries_of(connection: Connection, client_order_id: str) -> Any:
    """Return the pool, sums and counts of one order's entries, or None if it has none."""
    return connection.execute(_of_order(), {"client_order_id": client_order_id}).one_or_none()


@cache
def _of_order() -> Select[Any]:
    # Made once: to build a statement takes several times as long as to run it.
    def count(kind: str) -> Any:
        return func.sum(case((_ENTRY.kind == kind, 1), else_=0))

    pool = ("broker", "account", "currency", "sleeve", "plan_id", "client_order_id")
    names = [_ENTRY[name] for name in pool]
    columns = {
        "held": held_sum(),
        "spent": sum_of("settle"),
        "holds": count("hold"),
        "settlements": count("settle"),
        "releases": count("release"),
    }
    return (
        select(*names, *(expression.label(name) for name, expression in columns.items()))
        .where(_ENTRY.client_order_id == bindparam("client_order_id"))
        .group_by(*names)
    )


def _add(connection: Connection, order: Any, kind: str, amount: int, number: int, at: datetime) -> None:
    """Add an entry to those that an order has already; `number` counts them by kind."""
    values = {
        "client_order_id": order.client_order_id,
        **_pool_columns((order.broker, order.account, order.currency)),
        "sleeve": order.sleeve,
        "plan_id": order.plan_id,
        "kind": kind,
        "amount": amount,
        "number": number,
        "at": at,
    }
    connection.execute(insert(ledger_entry).values(**values))
