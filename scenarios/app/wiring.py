"""The composition root: options and settings become tables, a policy and a desk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from brokers.clock import utc_now
from brokers.profiles import load_profiles
from brokers.store import Catalogue, Database
from scenarios import demo
from scenarios.app.options import Batch
from scenarios.app.settings import Settings, default_database, read_settings
from scenarios.intake import read_table
from scenarios.intake.dialect import find_dialect
from scenarios.intake.files import place_of
from scenarios.report.figures import counted
from scenarios.routing import Desk
from scenarios.simulation import simulated_desk
from solver import Broker, Limits, Policy, Problem, ProblemError, Violation, tables
from solver.domain import Side
from solver.policy import DEFAULT_RULES, merged, rules_from_frame
from solver.spelling import in_capitals, listed_words

SHIPPED = Path(demo.__path__[0])
"""Folder of the shipped tables."""

_SHIPPED_FILES = {"listings": "listings.csv", "quotes": "quotes.csv", "rates": "fx.csv"}
_TABLES = {
    "orders": tables.ORDERS,
    "listings": tables.LISTINGS,
    "balances": tables.BALANCES,
    "positions": tables.POSITIONS,
    "quotes": tables.QUOTES,
    "rates": tables.RATES,
    "rules": tables.ROUTING_RULES,
    "metadata": tables.ROUTING_RULES,
}


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything a batch needs, read and validated.

    Attributes
    ----------
    frames : mapping of str to DataFrame
        Canonical tables by name; those that were not given are missing.
    origins : mapping of str to Canonical
        The same tables as they were read, with the line of each row.
    files : mapping of str to dict
        By table: its ``file`` and ``sha256``.
    notices : list of str
        What deserves a look, and what was set aside.
    brokers : mapping of str to Broker
    policy : Policy
        Without the rules by ticker.
    limits : Limits
    base_currency : str
    prices : str
        Where prices come from, for the reader.
    database : Path
    """

    frames: Mapping[str, pd.DataFrame]
    origins: Mapping[str, tables.Canonical]
    files: Mapping[str, Mapping[str, str]]
    notices: list[str]
    brokers: Mapping[str, Broker]
    policy: Policy
    limits: Limits
    base_currency: str
    prices: str
    database: Path


@dataclass(eq=False)
class Reading:
    """Reads tables one after the other and keeps what is wrong with any of them, so that all is told at once."""

    dialect: str = "plain"
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    origins: dict[str, tables.Canonical] = field(default_factory=dict)
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    _shipped: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Refuse an unknown dialect once, not for every file."""
        find_dialect(self.dialect)

    def read(self, name: str, path: Path | str | None, *, skip_invalid: bool = False) -> None:
        """Read one table, the shipped one if no path is given and there is one."""
        dialect, place = self.dialect, "" if path is None else place_of(path)
        if path is None:
            if name not in _SHIPPED_FILES:
                return
            self._shipped.add(name)
            path, dialect, place = SHIPPED / _SHIPPED_FILES[name], "plain", f"{_SHIPPED_FILES[name]} (shipped)"
        now = utc_now() if name == "orders" else None
        try:
            found = read_table(path, _TABLES[name], dialect=dialect, skip_invalid=skip_invalid, now=now)
        except ProblemError as error:
            self.violations += error.violations
            return
        self.frames[name], self.origins[name] = found.frame, replace(found, place=place)
        self.files[name] = {"file": place, "sha256": found.digest}
        self.notices += [f"warning: {each}" for each in found.warnings]
        self.notices += [f"set aside: {each}" for each in found.violations]

    def close(self, brokers: Collection[str]) -> None:
        """End the reading: brokers are looked up, and symbols in small letters.

        The shipped tables may name brokers that the desk does not have.

        Raises
        ------
        ProblemError
            With every problem of every file, unknown brokers among them.
        """
        for name, found in self.origins.items():
            if name not in self._shipped:
                unknown = tables.unknown_brokers(_TABLES[name], found.frame, brokers)
                self.violations += [found.located(each) for each in unknown]
        if self.violations:
            raise ProblemError(self.violations)
        for name in ("quotes", "rules", "metadata"):
            if name in self.frames:
                listed = listed_words(self.frames["listings"])
                self.frames[name], respelled = in_capitals(_TABLES[name], self.frames[name], listed)
                self.notices += [f"warning: {self.origins[name].located(each)}" for each in respelled]


def settings_at(path: Path | None) -> Settings:
    """Return the settings of a file, the defaults without one."""
    return Settings() if path is None else read_settings(path)


def database_path(given: Path | None, settings: Settings) -> Path:
    """Return where the database is: as the command line says, else the settings, else among the user's data."""
    if given is not None:
        return given
    return default_database() if settings.database is None else Path(settings.database)


def read_inputs(request: Batch) -> Inputs:
    """Read everything that a batch needs.

    Raises
    ------
    ProblemError
        With every problem of every file.
    """
    settings = settings_at(request.config)
    brokers = load_profiles(settings.files.profiles)
    reading = _read_all(request, settings, brokers)
    place = "" if request.config is None else place_of(request.config)
    own_rules = rules_from_frame(reading.frames["rules"]) if "rules" in reading.frames else ()
    bound = settings.sleeve_accounts(brokers, place)
    return Inputs(
        frames=reading.frames,
        origins=reading.origins,
        files=reading.files,
        notices=reading.notices,
        brokers=brokers,
        policy=settings.policy.policy(merged(DEFAULT_RULES, own_rules), bound),
        limits=settings.limits.limits(request.seconds, request.gap),
        base_currency=settings.base_currency,
        prices=_prices(reading.files, request, settings),
        database=database_path(request.database, settings),
    )


def _read_all(request: Batch, settings: Settings, brokers: Collection[str]) -> Reading:
    reading = Reading(request.dialect or settings.dialect)
    reading.read("orders", request.orders, skip_invalid=request.skip_invalid)
    for name in ("listings", "balances", "positions", "quotes", "rates", "rules"):
        reading.read(name, getattr(request, name) or getattr(settings.files, name))
    reading.read("metadata", request.metadata)
    if not (request.balances or settings.files.balances):
        missing = "no balances: give --balances FILE, the cash by broker, account and currency"
        reading.violations.append(Violation(missing))
    reading.close(brokers)
    if "positions" not in reading.frames and (reading.frames["orders"]["side"] == Side.SELL).any():
        reading.notices.append("note: no positions were given (--positions), so nothing can be sold")
    return reading


def _prices(files: Mapping[str, Mapping[str, str]], request: Batch, settings: Settings) -> str:
    own_quotes = bool(request.quotes or settings.files.quotes)
    own_rates = bool(request.rates or settings.files.rates)
    if not own_quotes:
        return "simulated"
    words = Path(files["quotes"]["file"]).name
    return words if own_rates else f"{words} (rates simulated)"


def ticker_rules(inputs: Inputs) -> pd.DataFrame | None:
    """Return the routing rules by ticker: those of this call, else those that were imported, None without any."""
    if "metadata" in inputs.frames:
        return inputs.frames["metadata"]
    # A plan makes no database: nothing was ever imported if there is none.
    database = inputs.database
    rules = Catalogue(Database(database)).rules() if database.exists() else empty(tables.ROUTING_RULES)
    if rules.empty:
        return None
    inputs.notices.append(
        f"note: {counted(len(rules), 'routing rule')} by ticker, imported earlier, apply ({database})"
    )
    return rules


def desk_of(inputs: Inputs) -> Desk:
    """Return a desk of simulated brokers that trade the tables of the inputs.

    Raises
    ------
    ProblemError
        If a table names an unknown broker.
    StoreError
        If the database cannot be opened.
    """
    frames = inputs.frames
    return simulated_desk(
        frames["listings"],
        frames.get("balances"),
        frames.get("positions", empty(tables.POSITIONS)),
        quotes=frames["quotes"],
        rates=frames["rates"],
        database=inputs.database,
        brokers=inputs.brokers,
        policy=inputs.policy,
        base_currency=inputs.base_currency,
    )


def empty(table: tables.Table) -> pd.DataFrame:
    """Return a table without rows."""
    return pd.DataFrame(columns=list(table.names))


def admitted(inputs: Inputs, *, skip_invalid: bool) -> tuple[Inputs, Problem]:
    """Return the problem of the inputs, and the inputs with the tables as the problem has them.

    With `skip_invalid`, orders that only the world makes invalid are set aside too: for instance one whose symbol is
    ambiguous among the listings, which no file shows.

    Raises
    ------
    ProblemError
        With every problem, each with its place in its file.
    """
    policy, origins = _policy_of(inputs), dict(inputs.origins)
    try:
        problem = _problem(inputs, policy, origins["orders"].frame)
    except ProblemError as error:
        rows = {each.line for each in error.violations if each.table == "orders" and each.line is not None}
        told = [_located(each, origins) for each in error.violations]
        every = all(each.table == "orders" and each.line is not None for each in error.violations)
        if not skip_invalid or not every or len(rows) == len(origins["orders"].frame):
            raise ProblemError(told) from None
        inputs.notices.extend(f"set aside: {each}" for each in told)
        origins["orders"] = origins["orders"].without(rows)
        problem = _problem(inputs, policy, origins["orders"].frame)
    inputs.notices.extend(f"warning: {_located(each, origins)}" for each in problem.warnings)
    frames = {**inputs.frames, "orders": problem.orders, "positions": problem.positions}
    return replace(inputs, frames=frames, origins=origins), problem


def _policy_of(inputs: Inputs) -> Policy:
    """Return the policy of the inputs with the rules by ticker that apply."""
    by_ticker = ticker_rules(inputs)
    if by_ticker is None:
        return inputs.policy
    return replace(inputs.policy, rules=merged(inputs.policy.rules, rules_from_frame(by_ticker)))


def _problem(inputs: Inputs, policy: Policy, orders: pd.DataFrame) -> Problem:
    frames = inputs.frames
    return Problem.of(
        orders,
        frames["listings"],
        frames["balances"],
        frames.get("positions"),
        quotes=frames["quotes"],
        rates=frames["rates"],
        brokers=inputs.brokers,
        policy=policy,
        base_currency=inputs.base_currency,
    )


def _located(violation: Violation, origins: Mapping[str, tables.Canonical]) -> Violation:
    """Return a problem of a table with its place in the file that the table was read from."""
    origin = origins.get(violation.table)
    return violation if origin is None else origin.located(violation)
