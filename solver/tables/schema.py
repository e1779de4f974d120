"""The input tables: which columns each has, which of them are required and which form their cells take."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from solver.domain import AssetType, OrderType, Side, TimeInForce
from solver.domain.amounts import MOST_MONEY, MOST_QUANTITY


class Form(StrEnum):
    """What a cell of a column looks like; `solver.tables.forms` has one parser for each."""

    TEXT = "text"
    PROSE = "prose"
    TICKER = "ticker"
    SYMBOL = "symbol"
    MIC = "mic"
    ISIN = "isin"
    BROKER = "broker"
    BROKERS = "brokers"
    CURRENCY = "currency"
    CURRENCIES = "currencies"
    WORD = "word"
    DECIMAL = "decimal"
    INTEGER = "integer"
    FLAG = "flag"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
    form : Form
    required : bool
        Whether the header must have the column.
    filled : bool
        Whether every cell must hold a value.
    words : tuple of str
        The allowed words of a `Form.WORD` column.
    default : str, int, Decimal or None
        What an empty cell means.
    above, least, most : Decimal or None
        Bounds of a number; `above` itself is not allowed.
    none_allowed : bool
        Whether a list of brokers may be the word ``none`` (explicitly none) besides empty (inherit).
    """

    name: str
    form: Form = Form.TEXT
    required: bool = False
    filled: bool = False
    words: tuple[str, ...] = ()
    default: str | int | Decimal | None = None
    above: Decimal | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    none_allowed: bool = False

    @property
    def is_text(self) -> bool:
        """Tell whether the canonical cells are text."""
        return self.form not in (Form.DECIMAL, Form.INTEGER, Form.FLAG, Form.MOMENT)


@dataclass(frozen=True, slots=True)
class Table:
    """One input table.

    Attributes
    ----------
    name : str
        Also the noun for its rows, as in "no orders".
    columns : tuple of Column
        In the order of the canonical frame.
    key : tuple of str
        Columns that together are unique.
    any_of : tuple of str
        At least one of these columns must be present.
    rows_required : bool
        Whether a table without rows is an error.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    any_of: tuple[str, ...] = ()
    rows_required: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return tuple(column.name for column in self.columns)


ZERO, ONE = Decimal(0), Decimal(1)
MONEY, QUANTITY = Decimal(MOST_MONEY), Decimal(MOST_QUANTITY)
_ASSET_TYPES = tuple(word.value for word in AssetType)


def _key(name: str, form: Form = Form.TEXT) -> Column:
    """Return a column that must be there and filled."""
    return Column(name, form, required=True, filled=True)


def _positive(name: str, most: Decimal, *, required: bool = False) -> Column:
    """Return a column of amounts above zero."""
    return Column(name, Form.DECIMAL, required=required, filled=required, above=ZERO, most=most)


def _at_least_zero(name: str, most: Decimal, *, required: bool = False, default: Decimal | None = None) -> Column:
    """Return a column of amounts that are not negative; its cells may be empty."""
    return Column(name, Form.DECIMAL, required=required, least=ZERO, most=most, default=default)


def _signed(name: str, most: Decimal, *, required: bool = False) -> Column:
    """Return a column of amounts of either sign."""
    return Column(name, Form.DECIMAL, required=required, filled=required, least=-most, most=most)


ORDERS = Table(
    "orders",
    (
        _key("order_id"),
        _key("symbol", Form.TICKER),
        Column("side", Form.WORD, required=True, filled=True, words=tuple(word.value for word in Side)),
        _positive("quantity", QUANTITY),
        _positive("notional", MONEY),
        Column("asset_type", Form.WORD, words=_ASSET_TYPES),
        Column("mic", Form.MIC),
        Column("currency", Form.CURRENCIES),
        Column("sleeve"),
        Column("account"),
        Column("order_type", Form.WORD, words=tuple(word.value for word in OrderType), default="market"),
        _positive("limit_price", MONEY),
        Column("time_in_force", Form.WORD, words=tuple(word.value for word in TimeInForce)),
        Column("priority", Form.INTEGER, default=1, least=ONE, most=Decimal(99)),
        Column("created_at", Form.MOMENT),
        Column("expire_at", Form.MOMENT),
        Column("signal"),
        Column("max_splits", Form.INTEGER, default=1, least=ONE),
        Column("min_fill", Form.DECIMAL, above=ZERO, most=ONE),
        Column("basket"),
        Column("same_broker"),
        Column("pin", Form.BROKER),
        Column("forbid", Form.BROKERS),
    ),
    key=("order_id",),
    any_of=("quantity", "notional"),
    rows_required=True,
)

BALANCES = Table(
    "balances",
    (
        _key("broker", Form.BROKER),
        _key("account"),
        _key("currency", Form.CURRENCY),
        _signed("cash", MONEY, required=True),
        _signed("settled", MONEY),
        _at_least_zero("reserve", MONEY),
    ),
    key=("broker", "account", "currency"),
)

POSITIONS = Table(
    "positions",
    (
        _key("broker", Form.BROKER),
        _key("account"),
        _key("symbol", Form.SYMBOL),
        _signed("quantity", QUANTITY, required=True),
        Column("mic", Form.MIC),
        Column("currency", Form.CURRENCY),
        Column("sleeve"),
    ),
    key=("broker", "account", "symbol", "mic", "currency", "sleeve"),
)

LISTINGS = Table(
    "listings",
    (
        _key("broker", Form.BROKER),
        _key("symbol", Form.SYMBOL),
        Column("asset_type", Form.WORD, required=True, filled=True, words=_ASSET_TYPES),
        Column("mic", Form.MIC, required=True),
        _key("currency", Form.CURRENCY),
        _key("broker_symbol"),
        _positive("lot", QUANTITY, required=True),
        _at_least_zero("min_quantity", QUANTITY, required=True, default=ZERO),
        _at_least_zero("min_notional", MONEY, required=True, default=ZERO),
        Column("max_quantity", Form.DECIMAL, required=True, above=ZERO, most=QUANTITY),
        _positive("tick", MONEY, required=True),
        _key("fractional", Form.FLAG),
        _key("tradable", Form.FLAG),
        _key("shortable", Form.FLAG),
        Column("isin", Form.ISIN),
        Column("name", Form.PROSE),
    ),
    key=("broker", "broker_symbol"),
)

QUOTES = Table(
    "quotes",
    (
        _key("symbol", Form.SYMBOL),
        Column("mic", Form.MIC, required=True),
        _key("currency", Form.CURRENCY),
        _positive("bid", MONEY, required=True),
        _positive("ask", MONEY, required=True),
        _key("as_of", Form.MOMENT),
        Column("broker", Form.BROKER),
    ),
    key=("broker", "symbol", "mic", "currency"),
)

RATES = Table(
    "rates",
    (
        _key("from", Form.CURRENCY),
        _key("to", Form.CURRENCY),
        _positive("rate", MONEY, required=True),
        _key("as_of", Form.MOMENT),
    ),
    key=("from", "to"),
)

ROUTING_RULES = Table(
    "routing_rules",
    (
        Column("sleeve"),
        Column("asset_type", Form.WORD, words=_ASSET_TYPES),
        Column("symbol", Form.SYMBOL),
        Column("mic", Form.MIC),
        Column("currency", Form.CURRENCY),
        Column("brokers", Form.BROKERS, none_allowed=True),
        Column("fallbacks", Form.BROKERS, none_allowed=True),
        Column("forbid", Form.BROKERS, none_allowed=True),
        Column("comment", Form.PROSE),
    ),
    key=("sleeve", "asset_type", "symbol", "mic", "currency"),
    any_of=("brokers", "fallbacks", "forbid"),
)

TABLES: tuple[Table, ...] = (ORDERS, BALANCES, POSITIONS, LISTINGS, QUOTES, RATES, ROUTING_RULES)
"""Every input table."""
