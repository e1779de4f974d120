"""The one validator of input tables: what it makes of valid rows, and what it says about invalid ones."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.domain import (
    AssetType,
    Balance,
    ExchangeRate,
    Listing,
    Order,
    OrderType,
    Position,
    Quote,
    Side,
    TimeInForce,
)
from solver.errors import ProblemError
from solver.tables import (
    BALANCES,
    LISTINGS,
    ORDERS,
    POSITIONS,
    QUOTES,
    RATES,
    ROUTING_RULES,
    TABLES,
    Table,
    canonical,
    findings,
    objects_to_frame,
    shown,
)

ORDER = {"order_id": "o1", "symbol": "AAPL", "side": "buy", "quantity": "10"}
LISTING = {
    "broker": "ibkr", "symbol": "AAPL", "asset_type": "stock_us", "mic": "XNAS", "currency": "USD",
    "broker_symbol": "AAPL", "lot": "1", "min_quantity": "1", "min_notional": "", "max_quantity": "",
    "tick": "0.01", "fractional": "no", "tradable": "yes", "shortable": "1",
}  # fmt: skip
MOMENT = "2025-03-31T14:30:00Z"


def orders(*changes: dict[str, Any], **columns: Any) -> pd.DataFrame:
    """Return a raw batch: one valid order per given set of changes, each with its own symbol."""
    rows = [
        ORDER | {"order_id": f"o{n}", "symbol": f"SYM{n}"} | columns | change
        for n, change in enumerate(changes or ({},), 1)
    ]
    return pd.DataFrame(rows, dtype=object)


def refusals(table: Table, frame: pd.DataFrame, **options: Any) -> list[str]:
    with pytest.raises(ProblemError) as caught:
        canonical(table, frame, **options)
    return [str(violation) for violation in caught.value.violations]


def only_row(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    frame = canonical(table, pd.DataFrame([row], dtype=object)).frame
    return {name: frame[name].iloc[0] for name in frame}


def test_canonical_frame_has_every_column_in_schema_order_with_fixed_dtypes() -> None:
    """A minimal order file gives the full canonical layout, defaults filled in."""
    frame = canonical(ORDERS, orders()).frame
    assert tuple(frame.columns) == ORDERS.names
    assert isinstance(frame.index, pd.RangeIndex)
    dtypes = {name: str(frame[name].dtype) for name in frame}
    assert dtypes["symbol"] == dtypes["time_in_force"] == dtypes["forbid"] == "str"
    assert dtypes["quantity"] == dtypes["limit_price"] == dtypes["min_fill"] == "object"
    assert dtypes["priority"] == dtypes["max_splits"] == "int64"
    assert dtypes["created_at"] == dtypes["expire_at"] == "datetime64[us, UTC]"
    row = frame.iloc[0]
    assert row["quantity"] == Decimal(10)
    assert type(row["quantity"]) is Decimal
    assert row["notional"] is None
    assert (row["order_type"], row["time_in_force"], row["asset_type"]) == ("market", "", "")
    assert (row["priority"], row["max_splits"]) == (1, 1)
    assert row["created_at"] is pd.NaT


@pytest.mark.parametrize("table", [table for table in TABLES if not table.rows_required], ids=lambda t: t.name)
def test_table_without_rows_keeps_its_dtypes(table: Table) -> None:
    """An empty table is a valid one with the same columns and dtypes, except for orders."""
    frame = canonical(table, pd.DataFrame()).frame
    assert tuple(frame.columns) == table.names
    assert len(frame) == 0
    for column in table.columns:
        expected = "str" if column.is_text else {"moment": "datetime64[us, UTC]", "flag": "bool"}.get(column.form)
        assert str(frame[column.name].dtype) == (expected or "object")


def test_words_and_codes_are_folded_but_tickers_are_not() -> None:
    """Words, MICs, currencies, brokers and coins mean the same in either case; tickers do not."""
    row = only_row(
        ORDERS,
        ORDER
        | {"symbol": " brk b ", "side": " BUY ", "order_type": "Limit", "limit_price": "1.50", "mic": "xnys"}
        | {"currency": "usd", "time_in_force": "GTC", "asset_type": "Stock_US", "forbid": "IBKR | alpaca"},
    )
    assert row["symbol"] == "brk b"
    assert (row["side"], row["order_type"], row["time_in_force"]) == ("buy", "limit", "gtc")
    assert (row["mic"], row["currency"], row["asset_type"]) == ("XNYS", "USD", "stock_us")
    assert row["forbid"] == "ibkr|alpaca"
    coin = only_row(ORDERS, ORDER | {"symbol": "btc", "asset_type": "crypto", "currency": "usd|usdc"})
    assert (coin["symbol"], coin["currency"]) == ("BTC", "USD|USDC")


def test_folding_coins_leaves_other_symbols_alone() -> None:
    """In a mixed batch only coins are written in capitals, also where both have the same letters."""
    frame = canonical(ORDERS, orders({"symbol": "eth", "asset_type": "crypto"}, {"symbol": "eth"})).frame
    assert frame["symbol"].tolist() == ["ETH", "eth"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-03-31T14:30:00Z", datetime(2025, 3, 31, 14, 30, tzinfo=UTC)),
        ("2025-03-31 14:30:00.123456Z", datetime(2025, 3, 31, 14, 30, 0, 123456, tzinfo=UTC)),
        ("2025-03-31T14:30+02:00", datetime(2025, 3, 31, 12, 30, tzinfo=UTC)),
        ("2025-01-01T00:30:00+0100", datetime(2024, 12, 31, 23, 30, tzinfo=UTC)),
    ],
)
def test_times_of_any_zone_become_utc(text: str, moment: datetime) -> None:
    """A time with its zone is the same instant in UTC."""
    assert only_row(ORDERS, ORDER | {"created_at": text})["created_at"] == moment


@pytest.mark.parametrize("word", ["true", "YES", "1", True, 1, np.True_])
def test_flags_true(word: object) -> None:
    """Every documented word for true is read as true, in either case and of any type."""
    assert only_row(LISTINGS, LISTING | {"fractional": word})["fractional"]


@pytest.mark.parametrize("word", ["false", "No", "0", False, 0])
def test_flags_false(word: object) -> None:
    """Every documented word for false is read as false."""
    assert not only_row(LISTINGS, LISTING | {"tradable": word})["tradable"]


def test_listing_defaults() -> None:
    """An unknown least size is zero and an unknown largest size is none."""
    row = only_row(LISTINGS, LISTING)
    assert (row["min_notional"], row["max_quantity"]) == (Decimal(0), None)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("priority", "0", "must be at least 1 (got '0')"),
        ("priority", "100", "must be at most 99 (got '100')"),
        ("priority", "1.5", "must be a whole number, such as 1 (got '1.5')"),
        ("max_splits", "0", "must be at least 1 (got '0')"),
        ("min_fill", "0", "must be greater than 0 (got '0')"),
        ("min_fill", "1.01", "must be at most 1 (got '1.01')"),
        ("quantity", "0.1234567890123", "a number has at most 12 decimals, this one has 13"),
        ("quantity", ".5", "use 1000.5 (got '.5')"),
        ("quantity", "+5", "use 1000.5 (got '+5')"),
        ("quantity", True, "a truth value stands where a text or a number belongs (got True)"),
        ("quantity", [1], "a cell of type list cannot be read as decimal (got list)"),
        ("symbol", b"AAPL", "a cell of type bytes cannot be read as ticker (got bytes)"),
        ("currency", "UDS", "must be a currency code such as USD, EUR or USDC; did you mean 'USD'? (got 'UDS')"),
        ("currency", "USD|", "a list is written a|b, without an empty place (got 'USD|')"),
        ("currency", "USD|usd", "'USD' is named twice (got 'USD|usd')"),
        ("mic", "NASDAQ", "must be an ISO 10383 market identifier code of four characters, such as XNAS"),
        ("order_type", "lmit", "must be one of market, limit; did you mean 'limit'? (got 'lmit')"),
        ("order_type", "mar\u212aet", "must be one of market, limit"),
        ("time_in_force", "fok", "must be one of day, gtc, ioc, opg, cls"),
        ("asset_type", "stock", "must be one of stock_us, stock_intl, etf_us, etf_intl, crypto, other"),
        ("pin", "two brokers", "must be the name of a broker, such as ibkr, alpaca or crypto_com"),
        ("signal", "x" * 201, "a text has at most 200 characters, this one has 201"),
        ("created_at", "yesterday", "must be an ISO 8601 time with zone, such as 2025-03-31T14:30:00Z"),
        ("created_at", "0001-01-01T00:00+14:00", "no such date or time in the calendar"),
        ("created_at", datetime(2025, 3, 31), "a time needs its zone"),  # noqa: DTZ001
        ("symbol", "", "a value is required"),
        ("side", None, "a value is required: one of buy, sell"),
    ],
)
def test_flawed_cell_is_named_with_place_value_and_form(column: str, value: object, message: str) -> None:
    """A flawed cell gives one violation with table, row, column, the allowed form and the value."""
    (found,) = refusals(ORDERS, orders({}, {column: value}))
    assert found.startswith(f"orders, row 2 [{column}]: ")
    assert message in found


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        ({"notional": "5"}, "[notional]", "quantity and notional are both given: give exactly one"),
        ({"quantity": ""}, "[quantity]", "quantity and notional are both empty: give exactly one"),
        ({"order_type": "limit"}, "[limit_price]", "a limit order needs a limit_price above 0"),
        ({"limit_price": "5"}, "[limit_price]", "a market order takes no limit_price"),
        (
            {"created_at": "2025-03-31T14:30:00Z", "expire_at": "2025-03-31T14:30:00+01:00"},
            "[expire_at]",
            "expire_at must be later than created_at",
        ),
        (
            {"asset_type": "stock_us", "currency": "USD|EUR"},
            "[currency]",
            "only a crypto order accepts several currencies",
        ),
        ({"pin": "ibkr", "forbid": "alpaca|IBKR"}, "[pin]", "pinned to a broker that it forbids"),
    ],
)
def test_cells_that_contradict_each_other(changes: dict[str, str], place: str, message: str) -> None:
    """A row whose cells contradict each other is one violation at the cell to mend."""
    (found,) = refusals(ORDERS, orders({}, changes))
    assert found.startswith(f"orders, row 2 {place}: ")
    assert message in found


def test_flawed_cell_is_not_judged_twice() -> None:
    """A malformed quantity counts as given, so that the row has one violation and not two."""
    assert len(refusals(ORDERS, orders({"quantity": "ten"}))) == 1
    assert len(refusals(ORDERS, orders({"order_type": "limit", "limit_price": "-1"}))) == 1


def test_all_violations_are_reported_in_row_order() -> None:
    """Problems of the header and of every row come together, the header first and the rows in order."""
    frame = orders({"quantity": "-1"}, {"side": "hold", "currency": "XYZ"}, {"symbol": "A B C"}, colour="red")
    found = refusals(ORDERS, frame, source="batch.csv", lines=[2, 5, 9])
    assert "unknown column 'colour'" in found[0]
    places = [text.split("]")[0] for text in found[1:]]
    assert places == ["batch.csv:2 [quantity", "batch.csv:5 [side", "batch.csv:5 [currency", "batch.csv:9 [symbol"]


def test_skip_invalid_sets_bad_rows_aside() -> None:
    """With skip_invalid the good rows remain, and every row left out has its violation and its line."""
    frame = orders({}, {"quantity": "0"}, {}, {"side": "x", "order_type": "limit"})
    result = canonical(ORDERS, frame, skip_invalid=True, lines=[2, 3, 4, 5])
    assert result.frame["order_id"].tolist() == ["o1", "o3"]
    assert isinstance(result.frame.index, pd.RangeIndex)
    assert [(violation.line, violation.column) for violation in result.violations] == [
        (3, "quantity"),
        (5, "side"),
        (5, "limit_price"),
    ]
    assert result.set_aside == (3, 5)


def test_skip_invalid_refuses_wrong_columns_and_empty_rests() -> None:
    """A wrong header cannot be skipped, and a batch with no order left is an error, not an empty success."""
    assert "unknown column" in refusals(ORDERS, orders(colour="red"), skip_invalid=True)[0]
    assert refusals(ORDERS, orders({"quantity": "0"}), skip_invalid=True)[0] == (
        "orders: no orders are left: every row is invalid"
    )


@pytest.mark.parametrize(
    ("table", "row", "key"),
    [
        (ORDERS, ORDER, "order_id"),
        (BALANCES, {"broker": "ibkr", "account": "U1", "currency": "USD", "cash": "1"}, "broker, account, currency"),
        (
            POSITIONS,
            {"broker": "ibkr", "account": "U1", "symbol": "AAPL", "quantity": "1"},
            "broker, account, symbol, mic, currency, sleeve",
        ),
        (LISTINGS, LISTING, "broker, broker_symbol"),
        (
            QUOTES,
            {"symbol": "AAPL", "mic": "XNAS", "currency": "USD", "bid": "1", "ask": "2", "as_of": MOMENT},
            "broker, symbol, mic, currency",
        ),
        (RATES, {"from": "EUR", "to": "USD", "rate": "1.1", "as_of": MOMENT}, "from, to"),
        (ROUTING_RULES, {"sleeve": "core", "brokers": "ibkr"}, "sleeve, asset_type, symbol, mic, currency"),
    ],
    ids=lambda value: value.name if isinstance(value, Table) else "",
)
def test_key_of_each_table_is_unique(table: Table, row: dict[str, str], key: str) -> None:
    """Two rows with the same key are a violation of the later one, which names the earlier one."""
    frame = pd.DataFrame([row, row], dtype=object)
    found = refusals(table, frame, lines=[2, 7])
    assert len(found) == 1
    assert found[0].startswith(f"{table.name}:7 [{key}]: duplicate {key}: line 2 has it already (got '")
    assert len(canonical(table, frame.iloc[:1]).frame) == 1


def test_keys_are_compared_after_folding() -> None:
    """Spelling the same key differently does not make it another one."""
    rows = [
        {"broker": "ibkr", "account": "U1", "currency": "USD", "cash": "1"},
        {"broker": "IBKR", "account": " U1", "currency": "usd", "cash": "2"},
    ]
    assert len(refusals(BALANCES, pd.DataFrame(rows))) == 1


def test_negative_cash_is_a_fact_but_a_negative_reserve_is_not() -> None:
    """A broker may report negative cash; what is kept back cannot be negative."""
    row = {"broker": "ibkr", "account": "U1", "currency": "USD", "cash": "-12.5", "settled": "-3"}
    assert only_row(BALANCES, row)["cash"] == Decimal("-12.5")
    (found,) = refusals(BALANCES, pd.DataFrame([row | {"reserve": "-1"}]))
    assert found == "balances, row 1 [reserve]: must be at least 0 (got '-1')"


@pytest.mark.parametrize(
    ("changes", "column", "message"),
    [
        ({"lot": "0"}, "lot", "must be greater than 0"),
        ({"tick": ""}, "tick", "a value is required"),
        ({"min_quantity": "5", "max_quantity": "4"}, "min_quantity", "must not be above max_quantity"),
        ({"lot": "5", "max_quantity": "4"}, "lot", "must not be above max_quantity"),
        ({"mic": ""}, "mic", "a security needs its MIC"),
        ({"fractional": "maybe"}, "fractional", "must be one of true, false, yes, no, 1, 0"),
        ({"isin": "US03"}, "isin", "must be an ISIN of twelve characters"),
    ],
)
def test_impossible_listing(changes: dict[str, str], column: str, message: str) -> None:
    """A listing whose sizes cannot be is refused with the column to look at."""
    found = refusals(LISTINGS, pd.DataFrame([LISTING | changes]))
    assert any(text.startswith(f"listings, row 1 [{column}]: ") and message in text for text in found)


def test_names_may_hold_emoji_and_quotes_but_no_disguise() -> None:
    """A catalogue's name is free text; only characters that turn or hide text are refused."""
    name = 'Rocket "\U0001f680" \U0001f468\u200d\U0001f469 d\'été'
    assert only_row(LISTINGS, LISTING | {"name": name})["name"] == name
    (found,) = refusals(LISTINGS, pd.DataFrame([LISTING | {"name": "A\u202eB"}]))
    assert "U+202E RIGHT-TO-LEFT OVERRIDE (got 'A\\u202eB')" in found


def test_rate_of_a_currency_to_itself_is_one() -> None:
    """A rate from a currency to itself may be given only as 1."""
    row = {"from": "USD", "to": "USD", "rate": "1.0", "as_of": MOMENT}
    assert only_row(RATES, row)["rate"] == 1
    assert refusals(RATES, pd.DataFrame([row | {"rate": "1.1"}])) == [
        "rates, row 1 [rate]: the rate of a currency to itself is 1 (got '1.1')"
    ]


def test_routing_rules_tell_inherit_from_none() -> None:
    """An empty list inherits and the word none means no broker; none cannot stand in a list."""
    row = only_row(ROUTING_RULES, {"brokers": "IBKR|alpaca", "fallbacks": "none", "forbid": ""})
    assert (row["brokers"], row["fallbacks"], row["forbid"]) == ("ibkr|alpaca", "none", "")
    (found,) = refusals(ROUTING_RULES, pd.DataFrame([{"brokers": "ibkr|none"}]))
    assert "'none' stands alone" in found


def test_rule_that_changes_nothing_is_warned_of() -> None:
    """A routing rule without any broker list is allowed with a warning."""
    result = canonical(ROUTING_RULES, pd.DataFrame([{"sleeve": "core", "brokers": ""}]))
    assert [warning.message for warning in result.warnings] == [
        "the rule names no brokers, fallbacks or forbid, so it changes nothing"
    ]


def test_crossed_quote_is_warned_of() -> None:
    """A bid above the ask happens in real feeds, so it is a warning."""
    row = {"symbol": "A", "mic": "", "currency": "USD", "bid": "2", "ask": "1", "as_of": MOMENT}
    assert [str(warning) for warning in canonical(QUOTES, pd.DataFrame([row])).warnings] == [
        "quotes, row 1 [bid]: the bid is above the ask (got '2 > 1')"
    ]


def test_warnings_of_one_kind_are_limited() -> None:
    """Beyond twenty warnings of a kind only their number is given."""
    rows = [{"symbol": "SAME", "quantity": "1"} for _ in range(30)]
    warnings = canonical(ORDERS, orders(*rows)).warnings
    assert len(warnings) == 21
    assert warnings[-1].message == "9 more orders are the same as another but for their id"


def test_opposite_sides_on_different_exchanges_are_no_wash_trade() -> None:
    """Buying and selling a symbol is warned of unless both orders name different exchanges."""

    def count(buy: str, sell: str) -> int:
        rows = ({"symbol": "A", "side": "buy", "mic": buy}, {"symbol": "A", "side": "sell", "mic": sell})
        return len(canonical(ORDERS, orders(*rows)).warnings)

    assert count("XNAS", "XNAS") == count("", "XNAS") == count("XNAS", "") == 1
    assert count("XNAS", "XETR") == 0


def test_violations_are_counted_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit violations are counted, not spelled out, and every bad row is still set aside."""
    monkeypatch.setattr(findings, "MAX_VIOLATIONS", 3)
    frame = orders({}, *({"side": "x", "quantity": "0"} for _ in range(4)))
    result = canonical(ORDERS, frame, skip_invalid=True)
    assert len(result.violations) == 4
    assert result.violations[-1].message == "5 more problems are not shown"
    assert result.set_aside == (2, 3, 4, 5)


def test_expiry_is_compared_with_a_given_clock() -> None:
    """Without a clock no expiry is in the past; with one the boundary itself has expired."""
    frame = orders(expire_at=MOMENT)
    now = datetime(2025, 3, 31, 16, 30, tzinfo=timezone(timedelta(hours=2)))
    assert len(canonical(ORDERS, frame).frame) == 1
    assert len(canonical(ORDERS, frame, now=now - timedelta(seconds=1)).frame) == 1
    assert "expire_at is in the past" in refusals(ORDERS, frame, now=now)[0]
    with pytest.raises(ValueError, match="aware"):
        canonical(ORDERS, frame, now=datetime(2025, 3, 31))  # noqa: DTZ001


def test_shown_is_escaped_and_at_most_sixty_characters() -> None:
    """Whatever a value is, what is shown of it is short and cannot steer a terminal."""
    assert shown("a\x1b[31m\u202eb\n") == "'a\\x1b[31m\\u202eb\\n'"
    long = shown("\x00" * 1_000_000)
    assert len(long) == 60
    assert long.endswith("\N{HORIZONTAL ELLIPSIS}")


# --- DataFrames of any dtype -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series([1, 2], dtype="int64"), ["1", "2"]),
        (pd.Series([1, 2], dtype="Int32"), ["1", "2"]),
        (pd.Series([0.1, 1e16]), ["0.1", "10000000000000000"]),
        (pd.Series([0.1, 1e-7], dtype="float32"), ["0.1", "0.0000001"]),
        (pd.Series([0.1, 2.5], dtype="Float64"), ["0.1", "2.5"]),
        (pd.Series([Decimal("1E+3"), Decimal("2.50")], dtype=object), ["1000", "2.50"]),
        (pd.Series([Decimal("1.500000000000000000"), 3], dtype=object), ["1.5", "3"]),
        (pd.Series(["1.5", "2"], dtype="category"), ["1.5", "2"]),
        (pd.Series([2**53 + 1, np.int8(3)], dtype=object), [str(2**53 + 1), "3"]),
    ],
    ids=lambda value: str(value.dtype) if isinstance(value, pd.Series) else "",
)
def test_amounts_of_any_dtype_are_taken_exactly(values: "pd.Series[Any]", expected: list[str]) -> None:
    """An amount is the shortest decimal that its typed cell stands for, whatever the dtype."""
    frame = orders({}, {}).assign(quantity=values)
    result = canonical(ORDERS, frame).frame["quantity"].tolist()
    assert result == [Decimal(text) for text in expected]
    assert all(type(amount) is Decimal for amount in result)


def test_missing_marks_of_every_library_are_missing() -> None:
    """None, NaN, NA and NaT are missing: fine in an optional place, an error in a required one."""
    for mark in (None, float("nan"), np.float64("nan"), pd.NA, pd.NaT):
        assert only_row(ORDERS, ORDER | {"sleeve": mark, "notional": mark, "created_at": mark})["sleeve"] == ""
        assert refusals(ORDERS, orders({"symbol": mark})) == ["orders, row 1 [symbol]: a value is required"]


@pytest.mark.parametrize(
    "value",
    [float("inf"), np.float32("-inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")],
)
def test_typed_number_that_is_not_finite(value: object) -> None:
    """A typed number that is not finite is refused wherever it stands."""
    assert "orders, row 1 [quantity]: must be a finite number" in refusals(ORDERS, orders({"quantity": value}))[0]


@pytest.mark.parametrize(
    "value",
    [10**5000, Decimal("1E+1000000"), Decimal("1E-1000000"), Decimal("9" * 9999)],
    ids=["integer", "large", "small", "digits"],
)
def test_typed_number_too_long_to_print(value: object) -> None:
    """A typed number of thousands of digits is refused without being written out."""
    (found,) = refusals(ORDERS, orders({"quantity": value}))
    assert "a number has at most 40 characters" in found
    assert len(found) < 200


def test_typed_times_are_kept() -> None:
    """A column of aware times of any unit and zone is the same instants in UTC."""
    zoned = pd.Series(pd.to_datetime([MOMENT, None], utc=True)).dt.tz_convert("Europe/Paris")
    frame = canonical(ORDERS, orders({}, {}).assign(created_at=zoned.dt.as_unit("ns"))).frame
    assert str(frame["created_at"].dtype) == "datetime64[us, UTC]"
    assert frame["created_at"].tolist() == [pd.Timestamp(MOMENT), pd.NaT]
    naive = pd.Series(pd.to_datetime(["2025-03-31", None]))
    (found,) = refusals(ORDERS, orders({}, {}).assign(created_at=naive))
    assert found.startswith("orders, row 1 [created_at]: a time needs its zone")


def test_index_and_column_order_do_not_matter() -> None:
    """A frame under a repeated index, its columns in any order, means the same."""
    frame = orders({}, {})
    shuffled = frame[frame.columns[::-1]].set_axis([7, 7])
    pd.testing.assert_frame_equal(canonical(ORDERS, shuffled).frame, canonical(ORDERS, frame).frame)


def test_lists_of_brokers_may_be_lists() -> None:
    """In a DataFrame a list column may hold Python lists."""
    row = only_row(ORDERS, ORDER | {"forbid": ["ibkr", "Alpaca"], "currency": ("USD", "USDC")})
    assert (row["forbid"], row["currency"]) == ("ibkr|alpaca", "USD|USDC")


def test_lines_must_match_the_rows() -> None:
    """Line numbers that do not belong to the rows are a programming error."""
    with pytest.raises(ValueError, match="1 lines for 2 rows"):
        canonical(ORDERS, orders({}, {}), lines=[2])


# --- Objects -----------------------------------------------------------------------------------------------

amounts = st.decimals(min_value="0.000001", max_value="1000000", places=6)
optional_amounts = st.none() | amounts
words = st.text("abcXYZ019-_", max_size=8)
filled = st.text("abcXYZ019", min_size=1, max_size=8)
brokers = st.sampled_from(["ibkr", "alpaca", "crypto_com"])
codes = st.sampled_from(["USD", "EUR", "USDC"])
mics = st.sampled_from(["XNAS", "XPAR", ""])
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def order_objects(draw: st.DrawFn) -> Order:
    limit = draw(st.booleans())
    by_quantity = draw(st.booleans())
    asset_type = draw(st.none() | st.sampled_from([AssetType.STOCK_US, AssetType.CRYPTO]))
    symbol = draw(filled)
    return Order(
        order_id=draw(filled),
        symbol=symbol.upper() if asset_type == AssetType.CRYPTO else symbol,
        side=draw(st.sampled_from(Side)),
        quantity=draw(amounts) if by_quantity else None,
        notional=None if by_quantity else draw(amounts),
        asset_type=asset_type,
        mic=draw(mics),
        currency=("USD", "USDC") if asset_type == AssetType.CRYPTO else draw(st.tuples(codes) | st.just(())),
        sleeve=draw(words),
        order_type=OrderType.LIMIT if limit else OrderType.MARKET,
        limit_price=draw(amounts) if limit else None,
        time_in_force=draw(st.none() | st.sampled_from(TimeInForce)),
        priority=draw(st.integers(1, 99)),
        created_at=draw(st.none() | moments),
        max_splits=draw(st.integers(1, 5)),
        min_fill=draw(st.none() | st.decimals("0.01", "1", places=2)),
        pin=draw(st.just("") | brokers),
    )


OBJECTS = {
    "orders": (ORDERS, order_objects()),
    "balances": (BALANCES, st.builds(Balance, brokers, filled, codes, amounts, optional_amounts, optional_amounts)),
    "positions": (POSITIONS, st.builds(Position, brokers, filled, filled, amounts, mics, codes, words)),
    "listings": (
        LISTINGS,
        st.builds(
            Listing,
            broker=brokers,
            symbol=filled.map(str.upper),
            asset_type=st.sampled_from([AssetType.CRYPTO, AssetType.OTHER]),
            mic=mics,
            currency=codes,
            broker_symbol=filled,
            lot=amounts,
            min_quantity=amounts,
            min_notional=amounts,
            max_quantity=st.none() | amounts.map(lambda amount: amount + 1_000_000),
            tick=amounts,
            fractional=st.booleans(),
            tradable=st.booleans(),
            shortable=st.booleans(),
            isin=st.sampled_from(["", "US0378331005"]),
            name=words,
        ),
    ),
    "quotes": (QUOTES, st.builds(Quote, filled, mics, codes, amounts, amounts, moments, brokers)),
    "rates": (RATES, st.builds(ExchangeRate, st.just("EUR"), st.sampled_from(["USD", "GBP"]), amounts, moments)),
}


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Write canonical cells as a file would have them."""

    def text(value: object) -> str:
        if value is None or value is pd.NaT:
            return ""
        if isinstance(value, datetime):
            return value.isoformat()
        return format(value, "f") if isinstance(value, Decimal) else str(value)

    return pd.DataFrame({name: [text(value) for value in frame[name]] for name in frame}, dtype="str")


@pytest.mark.parametrize("name", list(OBJECTS))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_objects_files_and_frames_agree(name: str, data: st.DataObject) -> None:
    """The same rows as objects, as a canonical frame and as text have one canonical frame."""
    table, strategy = OBJECTS[name]
    attributes = [("from_" if part == "from" else part) for part in table.key]
    objects: list[Any] = data.draw(
        st.lists(
            strategy, min_size=1, max_size=5, unique_by=lambda each: tuple(getattr(each, part) for part in attributes)
        )
    )
    frame = objects_to_frame(objects)
    pd.testing.assert_frame_equal(canonical(table, frame).frame, frame)
    pd.testing.assert_frame_equal(canonical(table, as_text(frame)).frame, frame)


def test_objects_of_no_or_several_kinds() -> None:
    """An empty sequence needs its table; a mixed one, or one of another table, is a programming error."""
    balance = Balance("ibkr", "U1", "USD", Decimal(1))
    position = Position("ibkr", "U1", "AAPL", Decimal(1))
    pd.testing.assert_frame_equal(objects_to_frame([], BALANCES), canonical(BALANCES, pd.DataFrame()).frame)
    for objects, table in (([], None), ([balance, position], None), ([balance], POSITIONS), (["x"], None)):
        with pytest.raises(TypeError, match="rows of one table are needed"):
            objects_to_frame(objects, table)  # type: ignore[arg-type]


CELLS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(max_size=50) | st.binary()
    | st.datetimes() | st.dates() | st.lists(st.text(max_size=3), max_size=3) | st.complex_numbers()
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    table=st.sampled_from(TABLES),
    data=st.data(),
)
def test_any_cells_whatever_give_a_frame_or_a_problem_error(table: Table, data: st.DataObject) -> None:
    """No content of a DataFrame can raise anything but ProblemError, and skipping keeps only valid rows."""
    n_rows = data.draw(st.integers(0, 4))
    columns = {name: data.draw(st.lists(CELLS, min_size=n_rows, max_size=n_rows)) for name in table.names}
    frame = pd.DataFrame(
        {name: pd.Series(np.fromiter(cells, dtype=object), dtype=object) for name, cells in columns.items()}
    )
    try:
        result = canonical(table, frame, skip_invalid=True)
    except ProblemError:
        # Only a batch of orders can be refused as a whole here, since the columns are right.
        assert table.rows_required
        return
    assert len(result.frame) + len(result.set_aside) == n_rows
    pd.testing.assert_frame_equal(canonical(table, result.frame).frame, result.frame)
