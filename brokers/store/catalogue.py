"""The catalogue: what each broker trades, and the desk's imported routing rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, delete, insert, select

from brokers.clock import utc_now
from brokers.store.database import Database
from brokers.store.schema import catalogue_refresh, instrument_rule, listing, quarantined_listing
from solver import tables
from solver.domain import AssetType, Listing

_LISTING = tables.LISTINGS.names
_RULE = tables.ROUTING_RULES.names


class Catalogue:
    """Listings by broker, and routing rules by instrument."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(
        self,
        broker: str,
        listings: Sequence[Listing],
        quarantined: Sequence[tuple[Listing, str]] = (),
        at: datetime | None = None,
    ) -> None:
        """Replace everything that is known of a broker, in one transaction: never half old and half new.

        Parameters
        ----------
        broker : str
        listings : sequence of Listing
            Checked ones; unique by `broker_symbol`.
        quarantined : sequence of (Listing, str)
            Those set aside, each with its reason.
        at : datetime, optional
            When the broker told it; now if not given.
        """
        refresh = {"broker": broker, "listings": len(listings), "quarantined": len(quarantined)}
        aside = [
            {"broker": broker, "broker_symbol": each.broker_symbol, "symbol": each.symbol, "reason": reason}
            for each, reason in quarantined
        ]
        with self._database.transaction() as connection:
            for table in (listing, quarantined_listing):
                connection.execute(delete(table).where(table.c.broker == broker))
            _insert_all(connection, listing, [_row(each) for each in listings])
            _insert_all(connection, quarantined_listing, aside)
            connection.execute(insert(catalogue_refresh).values(**refresh, at=at or utc_now()))

    def listings(self, broker: str | None = None) -> pd.DataFrame:
        """Return the listings of one broker, or of all, as a canonical table."""
        query = select(*(listing.c[name] for name in _LISTING))
        if broker is not None:
            query = query.where(listing.c.broker == broker)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(listing.c.broker, listing.c.broker_symbol)).mappings().all()
        return tables.objects_to_frame([_listing(row) for row in rows], tables.LISTINGS)

    def quarantined(self) -> pd.DataFrame:
        """Return the listings set aside at each broker's last refresh, with the reason."""
        columns = [quarantined_listing.c[name] for name in ("broker", "broker_symbol", "symbol", "reason")]
        return self._frame(select(*columns).order_by(quarantined_listing.c.number))

    def refreshes(self) -> pd.DataFrame:
        """Return every refresh, oldest first."""
        columns = [catalogue_refresh.c[name] for name in ("broker", "listings", "quarantined", "at")]
        return self._frame(select(*columns).order_by(catalogue_refresh.c.refresh_id))

    def import_rules(self, rules: pd.DataFrame) -> int:
        """Replace the routing rules by a table of them and return how many there are.

        Raises
        ------
        ProblemError
            With every bad row; the rules stay as they were.
        """
        frame = tables.canonical(tables.ROUTING_RULES, rules).frame
        rows = [{"number": number, **row} for number, row in enumerate(frame.to_dict("records"), start=1)]
        with self._database.transaction() as connection:
            connection.execute(delete(instrument_rule))
            _insert_all(connection, instrument_rule, rows)
        return len(rows)

    def rules(self) -> pd.DataFrame:
        """Return the imported routing rules as a canonical table, in the order of their file."""
        columns = [instrument_rule.c[name] for name in _RULE]
        frame = self._frame(select(*columns).order_by(instrument_rule.c.number))
        return tables.canonical(tables.ROUTING_RULES, frame).frame

    def _frame(self, query: Any) -> pd.DataFrame:
        with self._database.reading() as connection:
            result = connection.execute(query)
            return pd.DataFrame(result.all(), columns=list(result.keys()))


def _insert_all(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _row(each: Listing) -> dict[str, Any]:
    return {name: getattr(each, name) for name in _LISTING}


def _listing(row: Mapping[Any, Any]) -> Listing:
    return Listing(**{**row, "asset_type": AssetType(row["asset_type"])})
