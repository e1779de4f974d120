"""Bytes to tables: dialects, lines, JSON, Parquet, export."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scenarios.intake import (
    DIALECTS,
    NumberText,
    Size,
    csv_text,
    decode_json,
    parse_table,
    read_json_text,
    read_table,
    write_table,
)
from solver.errors import DocumentError, ProblemError
from solver.tables import BALANCES, ORDERS, POSITIONS, ROUTING_RULES, TABLES

HEADER = "order_id,symbol,side,quantity,sleeve"


def violations(content: str | bytes, table: Any = ORDERS, **options: Any) -> list[str]:
    with pytest.raises(ProblemError) as caught:
        parse_table(content.encode() if isinstance(content, str) else content, table, **options)
    return [str(violation) for violation in caught.value.violations]


def test_lines_are_counted_through_quoted_cells_and_blank_lines() -> None:
    """A message names the line on which its row begins, also after cells of several lines and blank lines."""
    content = 'brokers,comment\nibkr,"one\ntwo\r\nthree"\n\n\nibkr|,plain\n'
    assert violations(content, ROUTING_RULES) == [
        "routing_rules:7 [brokers]: a list is written a|b, without an empty place (got 'ibkr|')",
        "routing_rules:7 [sleeve, asset_type, symbol, mic, currency]: duplicate sleeve, asset_type, symbol, mic, "
        "currency: line 2 has it already (got '', '', '', '', '')",
    ]


def test_quoted_cells_keep_separators_and_quotes() -> None:
    """A quoted cell may hold the separator and, written twice, the quote."""
    content = 'brokers,comment\nibkr,"a, ""b"" and c"\n'
    assert parse_table(content.encode(), ROUTING_RULES).frame["comment"].tolist() == ['a, "b" and c']


def test_text_after_a_closing_quote() -> None:
    """A closing quote in the middle of a cell is refused with its line."""
    found = violations(HEADER + '\n"o"1,A,buy,1,\n')
    assert found == ["orders:2: a closing quote must be followed by ',' or the end of the line"]


def test_cell_without_end() -> None:
    """A cell longer than the reader takes is refused with its line."""
    assert violations(HEADER + f"\no1,A,buy,1,{'x' * 200_000}\n") == [
        "orders:2: a cell is longer than 131072 characters: is a quote left open?"
    ]


def test_skipped_rows_keep_their_violations() -> None:
    """Rows that do not fit the header and rows with flawed cells are set aside alike, in the order of lines."""
    content = HEADER + "\no1,A,buy,1,\no2,B,buy\no3,C,hold,1,\no4,D,buy,1,,\n"
    result = parse_table(content.encode(), ORDERS, skip_invalid=True)
    assert result.frame["order_id"].tolist() == ["o1"]
    assert result.set_aside == (3, 4, 5)
    assert [violation.line for violation in result.violations] == [3, 4, 5]


def test_every_dialect_reads_what_it_writes(tmp_path: Path) -> None:
    """An exported table is read back the same in each dialect."""
    content = HEADER + ",created_at,limit_price,order_type\no1,BRK B,buy,12.5,core,2025-03-31T14:30:00Z,1.25,limit\n"
    frame = parse_table(content.encode(), ORDERS).frame
    for name, dialect in DIALECTS.items():
        write_table(frame, tmp_path / "out.csv", dialect=name)
        text = (tmp_path / "out.csv").read_text()
        assert f"12{dialect.decimal_mark}5" in text
        assert "2025-03-31T14:30:00Z" in text
        pd.testing.assert_frame_equal(read_table(tmp_path / "out.csv", ORDERS, dialect=name).frame, frame)


def test_unknown_dialect() -> None:
    """A dialect that does not exist is refused with those that do."""
    assert violations(HEADER, dialect="de") == ["no dialect is called 'de': use plain, fr, tab"]


def test_single_column_without_any_separator() -> None:
    """A header of one column that no dialect would split is refused without a hint."""
    assert violations("order_id\no1\n") == ["orders:1: one column only (the dialect is plain)"]


def test_export_of_every_kind_of_cell() -> None:
    """Amounts, times, truth values and missing cells are written in their plain form; names are neutralised."""
    frame = pd.DataFrame(
        {
            "=name": ["@x", None],
            "amount": pd.Series([Decimal("1E+3"), None], dtype=object),
            "share": [0.25, float("nan")],
            "up": [True, False],
            "at": [datetime(2025, 3, 31, 14, 30, tzinfo=UTC), pd.NaT],
            "count": [-1, 2],
        }
    )
    assert csv_text(frame) == (
        "'=name,amount,share,up,at,count\r\n'@x,1000,0.25,true,2025-03-31T14:30:00Z,-1\r\n,,,false,,2\r\n"
    )
    assert csv_text(frame[["share", "count"]], dialect="fr") == "share;count\r\n0,25;-1\r\n;2\r\n"


def test_json_rows_with_different_keys() -> None:
    """Objects may leave out optional keys, in any order; null is missing; arrays are lists of words."""
    text = """[
        {"order_id": "o1", "symbol": "A", "side": "buy", "quantity": 10.50, "forbid": ["ibkr", "alpaca"]},
        {"side": "sell", "order_id": "o2", "symbol": "B", "notional": "5", "quantity": null, "priority": 2}
    ]"""
    frame = read_json_text(text, ORDERS).frame
    assert frame["quantity"].tolist() == [Decimal("10.50"), None]
    assert frame["notional"].tolist() == [None, Decimal(5)]
    assert frame["priority"].tolist() == [1, 2]
    assert frame["forbid"].tolist() == ["ibkr|alpaca", ""]


def test_json_violations_name_the_line_of_their_object() -> None:
    """The line of a JSON row is that of its opening brace."""
    text = '[\n{"order_id": "1", "symbol": "A",\n"side": "buy", "quantity": 1},\n\n {"order_id": "2"}]'
    with pytest.raises(ProblemError) as caught:
        read_json_text(text, ORDERS, source="body")
    assert {violation.line for violation in caught.value.violations} == {5}
    assert str(caught.value.violations[0]) == "body:5 [symbol]: a value is required"


def test_json_of_wrong_types() -> None:
    """Truth values and objects where a text belongs are violations of their cells."""
    text = '[{"order_id": true, "symbol": {"a": 1}, "side": "buy", "quantity": [1]}]'
    with pytest.raises(ProblemError) as caught:
        read_json_text(text, ORDERS)
    assert [violation.column for violation in caught.value.violations] == ["order_id", "symbol", "quantity"]


def test_json_with_too_many_keys() -> None:
    """Objects that each bring keys of their own cannot unfold into a table without bounds."""
    rows = ",".join(f'{{"k{n}": 1}}' for n in range(300))
    with pytest.raises(DocumentError, match="more than 200 different keys"):
        read_json_text(f"[{rows}]", ORDERS)


def test_lone_surrogates_are_refused() -> None:
    """Half a character, escaped or not, is refused as any other text that cannot be written."""
    row = '[{"order_id": "%s", "symbol": "A", "side": "buy", "quantity": 1}]'
    with pytest.raises(ProblemError, match="U\\+D800"):
        read_json_text(row % "\\ud800", ORDERS)
    with pytest.raises(DocumentError, match="not UTF-8"):
        read_json_text(row % "\ud800", ORDERS)


def test_decode_json_keeps_numbers_as_text() -> None:
    """Numbers of any document keep their digits and can be told from strings."""
    document = decode_json(' {"a": [1.10, "1.10", -0, true, null]} ', "document")
    assert document == {"a": ["1.10", "1.10", "-0", True, None]}
    assert [isinstance(value, NumberText) for value in document["a"]] == [True, False, True, False, False]
    with pytest.raises(DocumentError, match="text follows the end of the JSON"):
        decode_json("{} {}", "document")
    with pytest.raises(DocumentError, match="not JSON: Expecting value"):
        decode_json("", "document")
    with pytest.raises(DocumentError, match="nested too deeply"):
        decode_json("[" * 100_000, "document")


def test_parquet_keeps_types(tmp_path: Path) -> None:
    """Parquet cells are read by their own types: exact decimals, integers with gaps, aware times."""
    frame = pd.DataFrame(
        {
            "order_id": [1, 2],
            "symbol": ["A", "B"],
            "side": pd.Categorical(["buy", "sell"]),
            "quantity": pd.Series([Decimal("1.500000000000000000"), None], dtype=object),
            "notional": pd.array([None, 7], dtype="Int64"),
            "created_at": pd.to_datetime(["2025-03-31T14:30:00Z", None], utc=True),
        }
    )
    path = tmp_path / "orders.parquet"
    frame.to_parquet(path)
    read = read_table(path, ORDERS)
    assert read.warnings == ()
    assert read.frame["quantity"].tolist() == [Decimal("1.5"), None]
    assert read.frame["notional"].tolist() == [None, Decimal(7)]
    assert read.frame["created_at"].tolist() == [pd.Timestamp("2025-03-31T14:30:00Z"), pd.NaT]
    with pytest.raises(DocumentError, match="too many rows: 2, the limit is 1"):
        read_table(path, ORDERS, size=Size(rows=1))


def test_damaged_parquet(tmp_path: Path) -> None:
    """A Parquet file cut short is refused with a sentence."""
    path = tmp_path / "orders.parquet"
    pd.DataFrame({"order_id": ["1"]}).to_parquet(path)
    found = violations(path.read_bytes()[:-20])
    assert found[0].startswith("orders: the Parquet file cannot be read: ")


def test_size_of_bytes_is_limited() -> None:
    """Bytes from a wire obey the same limit as a file."""
    assert violations("x" * 11, size=Size(file_bytes=10)) == ["orders: too large: the limit is 10 bytes"]


def test_file_that_just_fits(tmp_path: Path) -> None:
    """The limit itself is allowed, one byte more is not."""
    path = tmp_path / "positions.csv"
    path.write_text("broker,account,symbol,quantity\nibkr,U1,A,1\n")
    size = path.stat().st_size
    assert len(read_table(path, POSITIONS, size=Size(file_bytes=size)).frame) == 1
    with pytest.raises(DocumentError, match=f"too large: {size} bytes, the limit is {size - 1}"):
        read_table(path, POSITIONS, size=Size(file_bytes=size - 1))


def test_longest_line_is_found_anywhere() -> None:
    """A line of the greatest length passes and a longer one is refused with its number, wherever it stands."""
    size = Size(line_bytes=60)
    header, row = "broker,account,symbol,quantity\n", "ibkr,U1,A,1\n"
    fits = header + "ibkr,U1," + "A" * 10 + ",1" + " " * 40 + "\n"
    assert len(fits.splitlines()[1]) == 60
    assert len(parse_table(fits.encode(), POSITIONS, size=size).frame) == 1
    long = header + row * 7 + "ibkr,U1," + "B" * 10 + ",1" + " " * 41 + "\n" + row
    assert violations(long, POSITIONS, size=size) == ["positions:9: the line is longer than 60 bytes"]


def test_empty_table_that_may_be_empty() -> None:
    """A header alone is a valid table of positions; nothing at all is not."""
    assert len(parse_table(b"broker,account,symbol,quantity\n", POSITIONS).frame) == 0
    assert violations("", POSITIONS) == ["positions: the file is empty: not even a header"]


@pytest.mark.parametrize("count", [49_999, 50_000, 50_001, 100_000])
def test_rows_survive_the_chunks_they_are_read_in(count: int) -> None:
    """However many rows there are, each is read once and in order."""
    rows = "".join(f"ibkr,U1,S{n},{n}\n" for n in range(count))
    frame = parse_table(f"broker,account,symbol,quantity\n{rows}".encode(), POSITIONS).frame
    assert frame["quantity"].tolist() == list(range(count))


def attempt(content: bytes, **options: Any) -> None:
    """Read bytes as some table: either a canonical frame comes of it, or violations that can be printed."""
    for table in (ORDERS, BALANCES):
        names = table.names
        found: tuple[str, ...] = ("none",)
        try:
            names = tuple(parse_table(content, table, **options).frame.columns)
        except ProblemError as error:
            found = tuple(str(violation) for violation in error.violations)
        assert names == table.names
        assert found
        assert "".join(found).isprintable()


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"[", b"PAR1", b"\x80\x04", b'[{"', b"\xef\xbb\xbf"]))
@example(b"", b"PAR1")
def test_random_bytes_raise_nothing_but_problem_errors(content: bytes, start: bytes) -> None:
    """No bytes whatever make the intake raise anything but ProblemError."""
    attempt(start + content)


VALID = (
    b"order_id,symbol,side,quantity,currency,priority,created_at\no1,AAPL,buy,1.5,USD,1,2025-03-31T14:30:00Z\n"
    b'o2,"BRK B",sell,2,USD|EUR,2,\n',
    b'[{"order_id": "o1", "symbol": "AAPL", "side": "buy", "quantity": 1.5}, {"order_id": 2}]',
    b"broker;account;currency;cash\nibkr;U1;USD;-1,5\n",
)


@settings(max_examples=400, deadline=None)
@given(
    base=st.sampled_from(VALID),
    edits=st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 5), st.binary(max_size=6) | st.text(max_size=3).map(
            lambda text: text.encode("utf-8", "surrogatepass"))),
        min_size=1,
        max_size=4,
    ),
    dialect=st.sampled_from(list(DIALECTS)),
    skip_invalid=st.booleans(),
)  # fmt: skip
def test_mutated_files_raise_nothing_but_problem_errors(
    base: bytes, edits: list[tuple[int, int, bytes]], dialect: str, skip_invalid: bool
) -> None:
    """No damage to a valid file makes the intake raise anything but ProblemError."""
    for position, removed, inserted in edits:
        base = base[:position] + inserted + base[position + removed :]
    attempt(base, dialect=dialect, skip_invalid=skip_invalid)


def test_every_table_can_be_read_from_its_own_export() -> None:
    """The header that is written for each table is the header that is read."""
    for table in TABLES:
        frame = pd.DataFrame({name: pd.Series(dtype="str") for name in table.names})
        content = csv_text(frame).encode()
        if table.rows_required:
            assert violations(content, table) == [f"{table.name}: no {table.name}: the table has no rows"]
        else:
            assert tuple(parse_table(content, table).frame.columns) == table.names


def test_lists_of_parquet_are_lists(tmp_path: Path) -> None:
    """A Parquet column of lists names brokers or currencies as a text with bars does."""
    rows = {"order_id": ["a", "b"], "symbol": ["BTC", "ETH"], "side": ["buy", "buy"], "quantity": ["1", "2"]}
    frame = pd.DataFrame({**rows, "forbid": [["ibkr", "alpaca"], []], "currency": [["USD"], ["USDT", "USD"]]})
    frame.to_parquet(tmp_path / "o.parquet")
    found = read_table(tmp_path / "o.parquet", ORDERS).frame
    assert found["forbid"].tolist() == ["ibkr|alpaca", ""]
    assert found["currency"].tolist() == ["USD", "USDT|USD"]
