"""Settings from a TOML file: every key is known, every value has its type and range, and no secret stands in it.

A key that is not known is an error, since a mistyped limit must never silently disappear. Amounts and weights are
texts or whole numbers; a TOML float is a binary number and is refused where exactness counts.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from scenarios.app.settings_violations import secret_keys, violation
from scenarios.intake.dialect import DIALECTS
from scenarios.intake.files import decode, document_error, place_of, read_bytes
from scenarios.mode import Mode
from solver.domain.broker import Broker
from solver.errors import ProblemError, Violation
from solver.limits import Limits
from solver.policy import DEFAULT_QUOTES, Policy, RoutingRule
from solver.problem import BASE_CURRENCY
from solver.tables.display import suggestion

MOST_BYTES = 2**20
"""Largest settings file that is read."""

_WEIGHT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,9}", re.ASCII)


def _exact(value: object, form: re.Pattern[str], wanted: str) -> str:
    """Return the text of a number that is written exactly: as text or as a whole number, never as a TOML float."""
    if isinstance(value, float):
        raise ValueError('write it as text, such as "0.5": a TOML float is not exact')
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not form.fullmatch(text):
        raise ValueError(f"must be {wanted} as text, or a whole number")
    return text


def _weight(value: object) -> Fraction:
    """Read a weight exactly."""
    return Fraction(_exact(value, _WEIGHT, 'a decimal number >= 0 such as "0.5"'))


def _share(value: object) -> Fraction:
    """Read a share exactly."""
    share = _weight(value)
    if not 0 < share <= 1:
        raise ValueError('must be above 0 and at most 1, such as "0.5"')
    return share


def _amount(value: object) -> Decimal:
    """Read an amount of base currency exactly."""
    return Decimal(_exact(value, _AMOUNT, 'an amount >= 0 such as "500.50"'))


def _tier(value: object) -> object:
    """Read a priority; TOML has it as a key, so as text, and two spellings of one number must not meet."""
    if not isinstance(value, str) or not re.fullmatch(r"[1-9][0-9]?", value, re.ASCII):
        raise ValueError("a priority is a whole number from 1 to 99")
    return int(value)


def _currency(value: str) -> str:
    if not _CURRENCY.fullmatch(value):
        raise ValueError("must be a currency code such as EUR")
    return value


def _dialect(value: str) -> str:
    if value not in DIALECTS:
        raise ValueError(f"must be one of {', '.join(DIALECTS)}{suggestion(value, DIALECTS)}")
    return value


def _mode(value: object) -> object:
    words = [mode.value.lower() for mode in Mode]
    if not isinstance(value, str) or value not in words:
        hint = suggestion(value, words) if isinstance(value, str) else ""
        raise ValueError(f"must be one of {', '.join(words)}{hint}")
    if value != Mode.SIMULATED.lower():
        raise ValueError(
            f"mode {value} needs the connectors to the brokers, which come with a later release; "
            'this version plays the brokers itself: write mode = "simulated"'
        )
    return Mode(value.upper())


def _file_of_database(value: str) -> str:
    if "://" in value or value == ":memory:" or not value.strip() or not value.isprintable():
        raise ValueError("must be the path of a file, such as multibroker.sqlite3")
    return value


BasisPoints = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Weight = Annotated[Fraction, BeforeValidator(_weight)]
Share = Annotated[Fraction, BeforeValidator(_share)]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Currency = Annotated[str, Field(strict=True), AfterValidator(_currency)]
PathText = Annotated[str, Field(strict=True, min_length=1, max_length=4_096)]


class Table(BaseModel):
    """A table of the file: unknown keys are errors, values are final."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Files(Table):
    """Where the input tables are; a path that is not absolute starts at the folder of the settings file."""

    listings: PathText | None = None
    rules: PathText | None = None
    quotes: PathText | None = None
    rates: PathText | None = None
    balances: PathText | None = None
    positions: PathText | None = None
    profiles: PathText | None = None
    """What the brokers take and charge, in the form of the shipped `brokers/profiles.toml`."""


class PolicyFigures(Table):
    """The figures of `solver.Policy`."""

    first_choice_bps: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 10_000
    rank_step_bps: BasisPoints = 100
    cost_weight: Weight = Fraction(1)
    equity_collar_bps: BasisPoints = 50
    crypto_collar_bps: BasisPoints = 100
    default_quotes: Annotated[tuple[Currency, ...], Field(min_length=1)] = DEFAULT_QUOTES
    reserve_share: Weight = Fraction(1, 200)
    reserve_amount: Amount = Decimal(250)
    least_share: Share = Fraction(1)
    least_value: Amount = Decimal(500)
    split_cost: Amount = Decimal(1)
    tier_weights: Mapping[Annotated[int, BeforeValidator(_tier)], Weight] = Field(default_factory=dict)

    def policy(self, rules: Sequence[RoutingRule], sleeve_accounts: Mapping[tuple[str, str], str]) -> Policy:
        """Return the policy of these figures and of the rules."""
        figures = {name: getattr(self, name) for name in type(self).model_fields}
        return Policy(rules=tuple(rules), sleeve_accounts=sleeve_accounts, **figures)


class LimitFigures(Table):
    """What ends a search, see `solver.Limits`."""

    seconds: Annotated[float, Field(strict=True, gt=0, le=86_400)] = 10.0
    gap: Annotated[float, Field(strict=True, ge=0, lt=1)] = 0.0

    def limits(self, seconds: float | None = None, gap: float | None = None) -> Limits:
        """Return the limits, with what the command line says instead."""
        return Limits(
            seconds=self.seconds if seconds is None else seconds,
            gap=self.gap if gap is None else gap,
        )


class Sleeve(Table):
    """What is fixed for one sleeve."""

    accounts: Mapping[str, Annotated[str, Field(strict=True, min_length=1)]] = Field(default_factory=dict)


class Settings(Table):
    """Everything that may be set, with its default.

    Attributes
    ----------
    mode : Mode
        Only ``simulated`` in this version.
    database : str or None
        The SQLite file; None: `default_database`.
    base_currency : str
        Orders of different currencies are weighed in it.
    dialect : str
        How CSV files are written, see `scenarios.intake.DIALECTS`.
    files : Files
    policy : PolicyFigures
    limits : LimitFigures
    sleeves : mapping of str to Sleeve
        ``[sleeves.growth.accounts]`` with a line ``broker = "account"`` binds a sleeve to an account.
    """

    mode: Annotated[Mode, BeforeValidator(_mode)] = Mode.SIMULATED
    database: Annotated[PathText, AfterValidator(_file_of_database)] | None = None
    base_currency: Currency = BASE_CURRENCY
    dialect: Annotated[str, Field(strict=True), AfterValidator(_dialect)] = "plain"
    files: Files = Files()
    policy: PolicyFigures = PolicyFigures()
    limits: LimitFigures = LimitFigures()
    sleeves: Mapping[str, Sleeve] = Field(default_factory=dict)

    def sleeve_accounts(self, brokers: Mapping[str, Broker], place: str) -> dict[tuple[str, str], str]:
        """Return the account of each (sleeve, broker).

        Raises
        ------
        ProblemError
            If a broker is not known.
        """
        bound = {
            (sleeve, broker): account
            for sleeve, each in self.sleeves.items()
            for broker, account in each.accounts.items()
        }
        unknown = [
            Violation(
                f"unknown broker{suggestion(broker, brokers)}", place, None, f"sleeves.{sleeve}.accounts.{broker}"
            )
            for sleeve, broker in bound
            if broker not in brokers
        ]
        if unknown:
            raise ProblemError(unknown)
        return bound


def read_settings(path: str | Path) -> Settings:
    """Read a settings file.

    Paths in it that are not absolute are made to start at its folder.

    Raises
    ------
    DocumentError
        If it cannot be read as TOML.
    ProblemError
        With every problem in it.
    """
    place = place_of(path)
    try:
        document = tomllib.loads(decode(read_bytes(path, MOST_BYTES), place))
    except tomllib.TOMLDecodeError as error:
        raise document_error(f"not TOML: {error}", place) from None
    except RecursionError:
        raise document_error("tables are nested too deeply", place) from None
    return _anchored(settings_of(document, place), Path(path).parent)


def settings_of(document: Mapping[str, Any], place: str) -> Settings:
    """Return the settings of a parsed document.

    Raises
    ------
    ProblemError
        With every problem in it.
    """
    secrets = list(secret_keys(document))
    if secrets:
        message = (
            "secrets do not belong in this file: give them to the program in environment variables, "
            "such as ALPACA_SECRET_KEY, and remove them here"
        )
        # The value is not shown.
        raise ProblemError([Violation(message, place, None, key) for key in secrets])
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise ProblemError([violation(each, Settings, place) for each in error.errors()]) from None


def default_database() -> Path:
    """Return the database that is used if none is named: a file among the user's data."""
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return folder / "multibroker" / "multibroker.sqlite3"


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Return the settings with their paths starting at the folder of their file."""
    paths = {name: path for name, path in settings.files if path is not None}
    files = settings.files.model_copy(update={name: str(folder / path) for name, path in paths.items()})
    database = None if settings.database is None else str(folder / settings.database)
    return settings.model_copy(update={"files": files, "database": database})
