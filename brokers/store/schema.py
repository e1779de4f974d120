"""The tables. Money in micro-units, quantities and prices as exact text, times in microseconds since 1970.

Events, executions and ledger entries are only ever added: the state of an order is its latest event, the capital of
a pool the sum of its entries.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from brokers.store.exact import Exact, Moment

VERSION = 1
"""Version of this schema; a store of another version is not opened."""

metadata = MetaData()

# SQLite numbers rows by itself only in a column of type INTEGER.
_Number = BigInteger().with_variant(Integer, "sqlite")


def _word(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, String(200), primary_key=key, nullable=False, default="")


def _plan() -> Column[str]:
    return Column("plan_id", ForeignKey("plan.plan_id"), primary_key=True)


def _child() -> Column[str]:
    return Column("client_order_id", ForeignKey("child_order.client_order_id"), nullable=False)


def _instrument() -> tuple[Column[str], ...]:
    return _word("symbol"), _word("mic"), _word("currency"), _word("asset_type"), _word("broker_symbol")


def _instruction() -> tuple[Column[str], ...]:
    return _word("order_id"), _word("sleeve"), _word("broker"), _word("account")


store = Table("store", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

# ------------------------------------------------------------------ what is traded

catalogue_refresh = Table(
    "catalogue_refresh",
    metadata,
    Column("refresh_id", _Number, primary_key=True),
    _word("broker"),
    Column("listings", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)

listing = Table(
    "listing",
    metadata,
    _word("broker", key=True),
    _word("broker_symbol", key=True),
    _word("symbol"),
    _word("asset_type"),
    _word("mic"),
    _word("currency"),
    Column("lot", Exact, nullable=False),
    Column("min_quantity", Exact, nullable=False),
    Column("min_notional", Exact, nullable=False),
    Column("max_quantity", Exact),
    Column("tick", Exact, nullable=False),
    Column("fractional", Boolean, nullable=False),
    Column("tradable", Boolean, nullable=False),
    Column("shortable", Boolean, nullable=False),
    _word("isin"),
    Column("name", Text, nullable=False),
    Index("listing_symbol", "symbol"),
)

quarantined_listing = Table(
    "quarantined_listing",
    metadata,
    Column("number", _Number, primary_key=True),
    _word("broker"),
    _word("broker_symbol"),
    _word("symbol"),
    Column("reason", Text, nullable=False),
)

instrument_rule = Table(
    "instrument_rule",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _word("sleeve"),
    _word("asset_type"),
    _word("symbol"),
    _word("mic"),
    _word("currency"),
    _word("brokers"),
    _word("fallbacks"),
    _word("forbid"),
    Column("comment", Text, nullable=False),
)

# ------------------------------------------------------------------ what is held

balance = Table(
    "balance",
    metadata,
    _word("broker", key=True),
    _word("account", key=True),
    _word("currency", key=True),
    Column("cash", BigInteger, nullable=False),
    Column("settled", BigInteger),
    Column("reserve", BigInteger),
    Column("at", Moment, nullable=False),
)

position = Table(
    "position",
    metadata,
    _word("broker", key=True),
    _word("account", key=True),
    _word("symbol", key=True),
    _word("mic", key=True),
    _word("currency", key=True),
    _word("sleeve", key=True),
    Column("quantity", Exact, nullable=False),
    Column("at", Moment, nullable=False),
)

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("entry_id", _Number, primary_key=True),
    _word("broker"),
    _word("account"),
    _word("currency"),
    _word("sleeve"),
    _word("kind"),
    Column("amount", BigInteger, nullable=False),
    # Entries of a pool itself (opening, adjust) belong to no order; NULLs never collide in the constraint below.
    Column("client_order_id", String(40)),
    # Position among the entries of one order and kind: a second hold or release of an order cannot be stored.
    Column("number", Integer, nullable=False),
    Column("plan_id", String(200)),
    Column("at", Moment, nullable=False),
    CheckConstraint("kind IN ('opening', 'hold', 'release', 'settle', 'adjust')", name="ledger_entry_kind"),
    UniqueConstraint("client_order_id", "kind", "number", name="ledger_entry_once"),
    Index("ledger_entry_pool", "broker", "account", "currency", "kind", "amount"),
)

# ------------------------------------------------------------------ what was decided and sent

plan = Table(
    "plan",
    metadata,
    Column("plan_id", String(200), primary_key=True),
    Column("batch", String(200), nullable=False, unique=True),
    Column("summary", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

route = Table(
    "route",
    metadata,
    _plan(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    *_instruction(),
    *_instrument(),
    _word("side"),
    Column("quantity", Exact, nullable=False),
    _word("order_type"),
    Column("limit_price", Exact),
    _word("time_in_force"),
    Column("required_capital", Exact, nullable=False),
    Column("priority", Integer),
    Column("value", Exact),
    Column("expected_cost", Exact),
    Column("rank", Integer),
    Column("points", BigInteger),
    Column("rule", Text),
)

backlog = Table(
    "backlog",
    metadata,
    _plan(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _word("order_id"),
    _word("sleeve"),
    Column("priority", Integer),
    _word("symbol"),
    _word("side"),
    Column("quantity", Exact),
    Column("notional", Exact),
    Column("value", Exact),
    _word("code"),
    _word("broker"),
    Column("needed", Exact),
    Column("available", Exact),
    Column("missing", Exact),
    _word("unit"),
    Column("lost_to", Text),
    Column("sentence", Text),
)

child_order = Table(
    "child_order",
    metadata,
    Column("client_order_id", String(40), primary_key=True),
    Column("plan_id", ForeignKey("plan.plan_id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    *_instruction(),
    *_instrument(),
    _word("side"),
    Column("quantity", Exact, nullable=False),
    _word("order_type"),
    Column("limit_price", Exact),
    _word("time_in_force"),
    Column("required_capital", BigInteger, nullable=False),
)

order_event = Table(
    "order_event",
    metadata,
    Column("event_id", _Number, primary_key=True),
    _child(),
    _word("status"),
    Column("cum_quantity", Exact, nullable=False),
    Column("leaves_quantity", Exact, nullable=False),
    Column("average_price", Exact),
    Column("fee", Exact),
    _word("fee_currency"),
    _word("broker_order_id"),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("order_event_child", "client_order_id", "event_id"),
)

execution = Table(
    "execution",
    metadata,
    _word("broker", key=True),
    _word("execution_id", key=True),
    _child(),
    Column("quantity", Exact, nullable=False),
    Column("price", Exact, nullable=False),
    Column("fee", Exact),
    _word("fee_currency"),
    Column("at", Moment, nullable=False),
    Index("execution_child", "client_order_id"),
)
