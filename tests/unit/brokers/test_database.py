from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from brokers.errors import StoreError
from brokers.store import Database
from brokers.store.database import durable_modes
from brokers.store.schema import catalogue_refresh, execution, store

_REFRESH = {"broker": "ibkr", "listings": 1, "quarantined": 0, "at": datetime(2026, 1, 1, tzinfo=UTC)}


def _count(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(catalogue_refresh)) or 0)


def test_the_file_is_made_with_its_folder_on_first_use(tmp_path: Path) -> None:
    """Naming a store touches nothing; using it makes it."""
    path = tmp_path / "data" / "desk" / "store.db"
    database = Database(path)
    assert not path.parent.exists()
    assert _count(database) == 0
    assert path.is_file()


def test_a_store_can_be_named_by_url(tmp_path: Path) -> None:
    """A path and the URL of that path are one store."""
    with Database(f"sqlite:///{tmp_path}/store.db").transaction() as connection:
        connection.execute(insert(catalogue_refresh).values(_REFRESH))
    assert _count(Database(tmp_path / "store.db")) == 1


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    """What fails on the way leaves nothing behind."""
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        connection.execute(insert(catalogue_refresh).values(_REFRESH)).rowcount / 0
    assert _count(database) == 0
    with database.transaction() as connection:
        connection.execute(insert(catalogue_refresh).values(_REFRESH))
    assert _count(database) == 1


def test_read_then_write_never_loses_an_action(database: Database) -> None:
    """F63: writers that first read queue up for the lock; none fails and none overwrites another."""

    def add_one_more_listing() -> None:
        for _ in range(10):
            with database.transaction() as connection:
                highest = connection.scalar(select(func.max(catalogue_refresh.c.listings))) or 0
                connection.execute(insert(catalogue_refresh).values({**_REFRESH, "listings": highest + 1}))

    threads = [threading.Thread(target=add_one_more_listing) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as connection:
        counted = connection.scalars(select(catalogue_refresh.c.listings)).all()
    assert sorted(counted) == list(range(1, 81))


def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    """A state before the commit can be read while a writer is at work."""
    assert _count(database) == 0
    with database.transaction() as connection:
        connection.execute(insert(catalogue_refresh).values(_REFRESH))
        assert _count(database) == 0
    assert _count(database) == 1


def test_rows_refer_to_rows_that_exist(database: Database) -> None:
    """An execution of an order that was never recorded cannot be stored."""
    fill = {"broker": "ibkr", "execution_id": "x", "quantity": Decimal(1), "price": Decimal(1)}
    row = {**fill, "client_order_id": "absent", "at": _REFRESH["at"]}
    with pytest.raises(StoreError, match="FOREIGN KEY"), database.transaction() as connection:
        connection.execute(insert(execution).values(row))


@pytest.mark.parametrize(
    ("version", "journal"),
    [
        ((3, 40, 1), "TRUNCATE"),
        ((3, 44, 5), "TRUNCATE"),
        ((3, 44, 6), "WAL"),
        ((3, 45, 0), "TRUNCATE"),
        ((3, 50, 6), "TRUNCATE"),
        ((3, 50, 7), "WAL"),
        ((3, 51, 2), "TRUNCATE"),
        ((3, 51, 3), "WAL"),
        ((3, 53, 0), "WAL"),
    ],
)
def test_write_ahead_logging_only_where_it_cannot_corrupt(version: tuple[int, int, int], journal: str) -> None:
    """The faster journal is used only by releases of SQLite in which its corrupting fault is repaired."""
    assert durable_modes(version) == (journal, "FULL" if journal == "WAL" else "EXTRA")


def test_commits_survive_a_loss_of_power(database: Database) -> None:
    """F10: every connection really has the durable modes; SQLite ignores a setting that it does not like."""
    with database.transaction() as connection:
        settings = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    journal, synchronous = durable_modes(sqlite3.sqlite_version_info)
    assert settings == [journal.lower(), {"FULL": 2, "EXTRA": 3}[synchronous], 1, 30_000]


def _folder(path: Path) -> None:
    path.mkdir()


def _read_only(path: Path) -> None:
    path.touch(mode=0o444)


def _text(path: Path) -> None:
    path.write_text("dear diary, " * 1000)


def _other_program(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("create table diary (day text)")
    connection.close()


def _newer_version(path: Path) -> None:
    database = Database(path)
    with database.transaction() as connection:
        connection.execute(store.update().values(version=999))
    database.close()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_folder, "is a folder"),
        (_read_only, "is read-only"),
        (_text, "file is not a database"),
        (_other_program, "is a database of another program"),
        (_newer_version, "the store has version 999"),
    ],
)
def test_what_cannot_be_a_store_is_refused(tmp_path: Path, spoil: object, message: str) -> None:
    """F65, F66, F67: a place that cannot hold the store is said in plain words, before anything is sent."""
    path = tmp_path / "store.db"
    assert callable(spoil)
    spoil(path)
    with pytest.raises(StoreError, match=message), Database(path).transaction():
        pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A path through a file leads nowhere."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made"), Database(tmp_path / "file" / "x" / "store.db").reading():
        pass


@pytest.mark.parametrize("place", [":memory:", "sqlite://", "sqlite:///:memory:"])
def test_a_store_in_memory_is_refused(place: str) -> None:
    """B49: what is lost at the end of the run is no store."""
    with pytest.raises(StoreError, match="in memory"):
        Database(place)


@pytest.mark.parametrize("place", ["nosuch://host/db", "://"])
def test_a_url_that_leads_nowhere_is_refused(place: str) -> None:
    """A database that no driver speaks to is a trouble of the store."""
    with pytest.raises(StoreError), Database(place).reading():
        pass


def test_a_password_is_not_shown() -> None:
    """I12: the text of a store has no secret in it."""
    assert "hunter2" not in repr(Database("postgresql://desk:hunter2@db/store"))
