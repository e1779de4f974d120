"""What each account holds, as its broker last told it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
from sqlalchemy import delete, insert, select

from brokers.clock import utc_now
from brokers.store.database import Database
from brokers.store.schema import position
from solver import tables
from solver.domain import Position

_COLUMNS = tables.POSITIONS.names


class Holdings:
    """Positions by broker, account and instrument."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, broker: str, positions: Sequence[Position], at: datetime | None = None) -> None:
        """Replace all positions at a broker by what it tells now, in one transaction."""
        rows = [{**{name: getattr(each, name) for name in _COLUMNS}, "at": at or utc_now()} for each in positions]
        with self._database.transaction() as connection:
            connection.execute(delete(position).where(position.c.broker == broker))
            if rows:
                connection.execute(insert(position), rows)

    def positions(self) -> pd.DataFrame:
        """Return every position as a canonical table."""
        columns = [position.c[name] for name in _COLUMNS]
        with self._database.reading() as connection:
            rows = connection.execute(select(*columns).order_by(*columns[:3])).mappings().all()
        return tables.objects_to_frame([Position(**row) for row in rows], tables.POSITIONS)
