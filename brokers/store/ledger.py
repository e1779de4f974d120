"""The ledger: what capital each pool (broker, account, currency) has, holds and has spent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import Connection, insert, select, update

from brokers.clock import utc_now
from brokers.errors import StoreError
from brokers.store.database import Database
from brokers.store.entries import (
    Hold,
    Pool,
    book_holds,
    book_pool_entry,
    book_release,
    book_settlement,
    free_of,
    free_sum,
    held_sum,
    lock_pool,
    of_pool,
    sum_of,
)
from brokers.store.exact import micro, money
from brokers.store.schema import balance, ledger_entry
from solver import tables
from solver.domain import MICRO, Balance
from solver.domain.amounts import ceil_scaled, floor_scaled

__all__ = ["Hold", "Ledger"]

_CAPITAL = ["broker", "account", "currency", "total", "free", "held", "spent"]
_DIFFERENCE = ["broker", "account", "currency", "expected", "told", "difference"]
_ENTRIES = ["broker", "account", "currency", "sleeve", "kind", "amount", "client_order_id", "plan_id", "at"]
_POOL = [ledger_entry.c[name] for name in _CAPITAL[:3]]


class Ledger:
    """Capital of every pool; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_pool(self, opening: Balance, at: datetime | None = None) -> None:
        """Enter a pool with its cash.

        Raises
        ------
        StoreError
            If the pool is open already.
        """
        with self._database.transaction() as connection:
            if lock_pool(connection, _pool(opening)) is not None:
                raise StoreError(f"the pool {' '.join(_pool(opening))} is open already")
            _open(connection, opening, at or utc_now())

    def synchronise(
        self,
        balances: Iterable[Balance],
        *,
        live: Collection[str] = (),
        answered: Collection[str] = (),
        at: datetime | None = None,
    ) -> pd.DataFrame:
        """Make free capital what the brokers say is free, by explicit entries.

        A broker's figure already excludes its live orders; what is held for orders that it does not know comes
        off it. A pool that is new is opened. A reserve that a broker does not tell stays as it was. Not for use
        while orders are being sent: a fill may then be in the broker's figure and not yet in the ledger.

        Parameters
        ----------
        balances : iterable of Balance
        live : collection of str
            Client order ids of held orders that the brokers' figures exclude already.
        answered : collection of str
            Brokers that have told all their pools: one that they do not name has no cash.
        at : datetime, optional
            When the brokers told it; now if not given.

        Returns
        -------
        DataFrame
            One row a pool: ``broker, account, currency``, the cash that the ledger ``expected`` and the broker
            ``told``, and their ``difference``; a new pool was expected to have none.
        """
        rows = []
        with self._database.transaction() as connection:
            told = list(balances)
            for each in [*told, *_unnamed(connection, answered, told)]:
                expected = _synchronise(connection, each, live, at or utc_now())
                rows.append((*_pool(each), *map(money, (expected, _cash(each), _cash(each) - expected))))
        return pd.DataFrame(rows, columns=_DIFFERENCE)

    def hold(self, holds: Sequence[Hold], at: datetime | None = None) -> None:
        """Hold capital for child orders, all of them or none; see `brokers.store.entries.book_holds`.

        Raises
        ------
        CapitalError
            If a pool has less free capital, above its reserve and its unsettled cash, than its holds need together.
        """
        with self._database.transaction() as connection:
            book_holds(connection, holds, at or utc_now())

    def settle(self, client_order_id: str, spent: Decimal, at: datetime | None = None) -> Decimal:
        """Book what an order has drawn to date; see `brokers.store.entries.book_settlement`."""
        with self._database.transaction() as connection:
            return book_settlement(connection, client_order_id, spent, at or utc_now())

    def release(self, client_order_id: str, at: datetime | None = None) -> Decimal:
        """Give back what is left of a hold, once; see `brokers.store.entries.book_release`."""
        with self._database.transaction() as connection:
            return book_release(connection, client_order_id, at or utc_now())

    def capital(self) -> pd.DataFrame:
        """Return ``broker, account, currency, total, free, held, spent`` of every pool."""
        total = sum_of("opening", "adjust")
        query = select(*_POOL, total, free_sum(), held_sum(), sum_of("settle")).group_by(*_POOL).order_by(*_POOL)
        with self._database.reading() as connection:
            rows = [(*row[:3], *map(money, row[3:])) for row in connection.execute(query)]
        return pd.DataFrame(rows, columns=_CAPITAL)

    def balances(self) -> pd.DataFrame:
        """Return the free capital of every pool as a canonical table of balances: what the next decision has.

        What is settled of it is what the broker told, less what was held since: buys are paid from settled cash.
        """
        capital = self.capital()
        names = ("broker", "account", "currency", "cash", "settled", "reserve")
        query = select(*(balance.c[name] for name in names))
        with self._database.reading() as connection:
            told = {row[:3]: row[3:] for row in connection.execute(query)}
        rows = []
        for pool in capital.itertuples(index=False):
            cash, settled, reserve = told[pool.broker, pool.account, pool.currency]
            known = None if settled is None else money(micro(pool.free) - (cash - settled))
            rows.append(
                Balance(
                    pool.broker,
                    pool.account,
                    pool.currency,
                    pool.free,
                    known,
                    None if reserve is None else money(reserve),
                )
            )
        return tables.objects_to_frame(rows, tables.BALANCES)

    def entries(self, client_order_id: str | None = None) -> pd.DataFrame:
        """Return the entries of one order, or of all and the pools themselves, oldest first."""
        query = select(*(ledger_entry.c[name] for name in _ENTRIES)).order_by(ledger_entry.c.entry_id)
        if client_order_id is not None:
            query = query.where(ledger_entry.c.client_order_id == client_order_id)
        with self._database.reading() as connection:
            frame = pd.DataFrame(connection.execute(query).all(), columns=_ENTRIES)
        frame["amount"] = pd.Series([money(units) for units in frame["amount"]], dtype=object)
        return frame


def _pool(of: Balance) -> Pool:
    return of.broker, of.account, of.currency


def _unnamed(connection: Connection, answered: Collection[str], told: Iterable[Balance]) -> list[Balance]:
    """Return, without cash, the open pools that brokers who have told everything did not name."""
    named = {_pool(each) for each in told}
    columns = [balance.c[name] for name in _CAPITAL[:3]]
    query = select(*columns).where(balance.c.broker.in_(list(answered))).order_by(*columns)
    rows = connection.execute(query).all()
    return [Balance(row.broker, row.account, row.currency, Decimal(0)) for row in rows if tuple(row) not in named]


def _cash(of: Balance) -> int:
    return floor_scaled(of.cash, MICRO)


def _snapshot(of: Balance, at: datetime) -> dict[str, Any]:
    """Return what of a broker's balance is kept beside the entries."""
    settled = None if of.settled is None else floor_scaled(of.settled, MICRO)
    reserve = {} if of.reserve is None else {"reserve": ceil_scaled(of.reserve, MICRO)}
    return {"cash": _cash(of), "settled": settled, "at": at, **reserve}


def _open(connection: Connection, opening: Balance, at: datetime) -> None:
    broker, account, currency = _pool(opening)
    values = {"reserve": None, **_snapshot(opening, at)}
    connection.execute(insert(balance).values(broker=broker, account=account, currency=currency, **values))
    book_pool_entry(connection, _pool(opening), "opening", _cash(opening), at)


def _synchronise(connection: Connection, told: Balance, live: Collection[str], at: datetime) -> int:
    """Adjust one pool and return the cash that was expected at the broker [micro-units]."""
    pool = _pool(told)
    if lock_pool(connection, pool) is None:
        _open(connection, told, at)
        return 0
    entry = ledger_entry.c
    held = select(entry.client_order_id, held_sum()).where(of_pool(pool), entry.client_order_id.is_not(None))
    by_order = connection.execute(held.group_by(entry.client_order_id).having(held_sum() != 0))
    expected = free_of(connection, pool) + sum(int(amount) for order, amount in by_order if order not in live)
    if _cash(told) != expected:
        book_pool_entry(connection, pool, "adjust", _cash(told) - expected, at)
    broker, account, currency = pool
    row = (balance.c.broker == broker) & (balance.c.account == account) & (balance.c.currency == currency)
    connection.execute(update(balance).where(row).values(**_snapshot(told, at)))
    return expected
