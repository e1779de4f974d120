"""The options of the commands: one frozen object a command, declared once and shared."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

R = TypeVar("R")


METHODS = ("optimal", "mip", "greedy", "greedy-priority", "greedy-density", "greedy-regret")
"""The names of `solver.METHODS`, known here so that a help page needs no solver."""

DAYS = ("binding", "untuned")
"""The shipped days."""


def _one_of(words: Sequence[str]) -> Callable[[str], str]:
    """Return a check that a word is known, with a suggestion where it is not."""

    def check(word: str) -> str:
        if word not in words:
            close = get_close_matches(word, words, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it is one of {', '.join(words)}"
            raise typer.BadParameter(f"{word!r} is not known; {hint}")
        return word

    return check


def _file(words: str, *names: str) -> Any:
    return typer.Option(*names, help=words, metavar="FILE", show_default=False)


def _flag(words: str, *names: str) -> Any:
    return typer.Option(*names, help=words, show_default=False)


Config = Annotated[Path | None, _file("Settings, a TOML file.", "--config")]
Database = Annotated[
    Path | None, _file("Catalogue, ledger and journal, an SQLite file; made on first use.", "--database")
]
Listings = Annotated[Path | None, _file("What each broker trades; the shipped table if not given.", "--listings")]
Debug = Annotated[bool, _flag("After an error, show where in the program it came from.", "--debug")]
AsJson = Annotated[bool, _flag("Write a JSON document instead of a screen.", "--json")]
Method = Annotated[
    str,
    typer.Option(
        "--method",
        callback=_one_of(METHODS),
        help="How to decide: optimal; mip (the whole formulation in one solver); or a simple rule to compare with: "
        "greedy, greedy-priority, greedy-density, greedy-regret.",
        metavar="NAME",
    ),
]
Dialect = Annotated[
    str | None,
    typer.Option(
        help="How your CSV files are written: plain (1000.5 and commas), fr (1000,5 and semicolons), tab.",
        metavar="plain|fr|tab",
        show_default=False,
    ),
]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch of orders, the tables it meets, how to decide it, and what is shown below the first screen."""

    orders: Annotated[
        Path, typer.Argument(help="The batch: CSV, JSON or Parquet.", metavar="ORDERS", show_default=False)
    ]
    balances: Annotated[Path | None, _file("Cash by broker, account and currency.", "--balances")] = None
    positions: Annotated[Path | None, _file("What can be sold.", "--positions")] = None
    quotes: Annotated[
        Path | None, _file("Bid and ask; the simulated brokers' own prices if not given.", "--quotes")
    ] = None
    rates: Annotated[Path | None, _file("Exchange rates; the simulated ones if not given.", "--rates")] = None
    listings: Listings = None
    rules: Annotated[Path | None, _file("Routing rules; they follow the shipped ones.", "--rules")] = None
    metadata: Annotated[
        Path | None, _file("Routing rules by ticker; those imported earlier if not given.", "--metadata")
    ] = None
    method: Method = "optimal"
    seconds: Annotated[
        float | None, typer.Option(help="Most time to decide [default: 10].", metavar="S", show_default=False)
    ] = None
    gap: Annotated[
        float | None,
        typer.Option(
            help="Relative gap at which to stop: 0.001 is 0.1 % [default: 0].", metavar="G", show_default=False
        ),
    ] = None
    config: Config = None
    database: Database = None
    dialect: Dialect = None
    skip_invalid: Annotated[bool, _flag("Set invalid orders aside and route the others.", "--skip-invalid")] = False
    routes: Annotated[bool, _flag("Show every route.", "--routes")] = False
    backlog: Annotated[bool, _flag("Show the whole backlog with its sentences.", "--backlog")] = False
    reasons: Annotated[bool, _flag("Show the why-not matrix: every order, every broker.", "--reasons")] = False
    capital: Annotated[bool, _flag("Show every pool of capital.", "--capital")] = False
    rules_shown: Annotated[bool, _flag("Show the routing rules that decided.", "--rules-shown")] = False
    explain: Annotated[bool, _flag("Explain the figures of the first screen.", "--explain")] = False
    as_json: AsJson = False
    debug: Debug = False


@dataclass(frozen=True, kw_only=True)
class Run(Batch):
    """A batch that is executed too."""

    executions: Annotated[bool, _flag("Show the report of every child order.", "--executions")] = False
    again: Annotated[
        bool,
        _flag(
            "Send even orders that another batch sent today (UTC): same order id, symbol and side, unless not sent "
            "or ended without a fill. Without it such a batch is denied (exit code 3).",
            "--again",
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class References:
    """What to ask the brokers about their listings."""

    metadata: Annotated[Path | None, _file("Import a table of routing rules by ticker.", "--metadata")] = None
    coins: Annotated[bool, _flag("Show where each coin trades.", "--coins")] = False
    broker: Annotated[list[str] | None, typer.Option(help="Ask this broker only; may be repeated.", metavar="NAME")] = (
        None
    )
    listings: Listings = None
    config: Config = None
    database: Database = None
    dialect: Dialect = None
    debug: Debug = False


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Which of the shipped days, and how much of it."""

    day: Annotated[
        str,
        typer.Option(help="binding: capital is scarce; untuned: it is ample.", metavar="DAY", callback=_one_of(DAYS)),
    ] = "binding"
    details: Annotated[bool, _flag("Show routes, reasons and executions too.", "--details")] = False
    explain: Annotated[bool, _flag("Explain the figures of the first screen.", "--explain")] = False
    database: Annotated[Path | None, _file("Keep the database here instead of throwing it away.", "--database")] = None
    debug: Debug = False


@dataclass(frozen=True, kw_only=True)
class Status:
    """Which database to look at."""

    config: Config = None
    database: Annotated[Path | None, _file("The database of the runs to look at; it is never made.", "--database")] = (
        None
    )
    as_json: AsJson = False
    debug: Debug = False


@dataclass(frozen=True, kw_only=True)
class Document:
    """A network document to decide."""

    problem: Annotated[
        str,
        typer.Argument(
            help="A network document, plain or gzip; - reads standard input.", metavar="PROBLEM", show_default=False
        ),
    ]
    output: Annotated[
        Path | None, _file("Where to write the answer; standard output if not given.", "--output", "-o")
    ] = None
    method: Method = "optimal"
    debug: Debug = False


def taking(request: type[R]) -> Callable[[Callable[[R], int]], Callable[..., None]]:
    """Give a command one parameter for every field of a dataclass, hand it the object, exit with what it returns."""

    def decorate(command: Callable[[R], int]) -> Callable[..., None]:
        def entry(**given: Any) -> None:
            code = command(request(**given))
            if code:
                raise typer.Exit(code)

        hints = get_type_hints(request, include_extras=True)
        parameters = [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default,
                annotation=hints[field.name],
            )
            for field in dataclasses.fields(request)  # type: ignore[arg-type]
        ]
        entry.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        entry.__annotations__ = {name: hints[name] for name in hints}
        entry.__name__, entry.__doc__ = command.__name__, command.__doc__
        return entry

    return decorate
