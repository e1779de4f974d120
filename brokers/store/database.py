"""One database: opened on first use, written in transactions that take their lock first."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from brokers.errors import StoreError
from brokers.store import schema

BUSY_SECONDS = 30
"""How long a writer waits for another one to finish."""


class Database:
    """The store of one desk.

    A write transaction takes the database's write lock when it begins, so that what it reads stays true until it
    commits: two writers wait for one another and never interleave.

    Parameters
    ----------
    url_or_path : str or Path
        A file, made with its folder on first use, or a database URL.

    Raises
    ------
    StoreError
        From every method: the database cannot be opened, read or written.
    """

    def __init__(self, url_or_path: str | Path) -> None:
        self._url = _url(url_or_path)
        self._engine: Engine | None = None
        self._opening = threading.Lock()

    def __repr__(self) -> str:
        return f"Database({self._url.render_as_string()!r})"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Write: all of the block is stored, durably, or none of it."""
        engine = self._open()
        with _as_store_error(self._url), engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read one consistent state; a reader never waits for a writer that has not begun to commit."""
        engine = self._open().execution_options(multibroker_reading=True)
        with _as_store_error(self._url), engine.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Close every connection; the next use opens the database again."""
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _open(self) -> Engine:
        with self._opening:
            if self._engine is None:
                if self._url.get_backend_name() == "sqlite":
                    _check_file(Path(str(self._url.database)))
                with _as_store_error(self._url):
                    self._engine = _prepared(self._url)
            return self._engine


def durable_modes(sqlite_version: tuple[int, ...]) -> tuple[str, str]:
    """Return the journal mode and synchronous level under which a commit survives a loss of power.

    Write-ahead logging is the faster one, but up to SQLite 3.51.2 two connections that checkpoint at the same
    time can corrupt the file; the repair went back into the lines 3.44.6 and 3.50.7 only.

    References
    ----------
    https://sqlite.org/wal.html#walresetbug
    """
    repaired = (
        sqlite_version >= (3, 51, 3) or (3, 50, 7) <= sqlite_version < (3, 51) or (3, 44, 6) <= sqlite_version < (3, 45)
    )
    return ("WAL", "FULL") if repaired else ("TRUNCATE", "EXTRA")


def _url(url_or_path: str | Path) -> URL:
    if isinstance(url_or_path, str) and "://" in url_or_path:
        try:
            url = make_url(url_or_path)
        except ArgumentError as error:
            raise StoreError("the database URL cannot be read; write sqlite:///path or a plain path") from error
    else:
        url = URL.create("sqlite", database=str(url_or_path))
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise StoreError("a database in memory is lost at the end of the run: name a file")
    return url


def _check_file(path: Path) -> None:
    """Say in plain words what SQLite would call "unable to open database file"."""
    if path.is_dir():
        raise StoreError(f"{path} is a folder: name a file for the database")
    if path.exists():
        if not path.is_file():
            raise StoreError(f"{path} is not a regular file")
        if not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
            raise StoreError(f"{path} is read-only: the store must be written before anything is sent")
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder {path.parent} cannot be made: {error.strerror}") from error


def _prepared(url: URL) -> Engine:
    """Return an engine whose database has the tables of this version."""
    try:
        engine = create_engine(url)
    except ModuleNotFoundError as error:
        raise StoreError(f"the driver for {url.drivername} is not installed: {error}") from error
    if engine.dialect.name == "sqlite":
        _take_over_sqlite(engine)
    try:
        with engine.begin() as connection:
            _check_version(connection)
            schema.metadata.create_all(connection)
            if connection.scalar(select(schema.store.c.version)) is None:
                connection.execute(schema.store.insert().values(version=schema.VERSION))
    except BaseException:
        engine.dispose()
        raise
    return engine


def _check_version(connection: Connection) -> None:
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return
    if schema.store.name not in tables:
        raise StoreError(f"{connection.engine.url.database} is a database of another program")
    version = connection.scalar(select(schema.store.c.version))
    if version != schema.VERSION:
        raise StoreError(f"the store has version {version}, this program has version {schema.VERSION}")


def _take_over_sqlite(engine: Engine) -> None:
    """Begin transactions ourselves: Python's driver would begin them late, and without the write lock."""
    journal_mode, synchronous = durable_modes(sqlite3.sqlite_version_info)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
        connection.execute(f"PRAGMA synchronous = {synchronous}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("multibroker_reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def _as_store_error(url: URL) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        # The driver's own words; SQLAlchemy's would repeat the statement with all its values.
        words = str(getattr(error, "orig", None) or type(error).__name__)
        raise StoreError(f"{url.database}: {words}") from error
