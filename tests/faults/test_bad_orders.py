"""Bad order files, row by row of the bad-input catalogue: each gets a sentence with its place, never a guess.

Rows that need more than the file are tested where the knowledge is: B14 (ambiguous symbols) and B20 (order types
of a broker) with the catalogue, B34 (limits of a batch) and B35 (accounts) with the run, B09 and B13 partly.
"""

import hashlib
import json
import os
import pickle
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from scenarios.intake import Size, csv_text, parse_table, read_table, write_table
from solver.errors import DocumentError, ProblemError
from solver.tables import ORDERS, Canonical, canonical

HEADER = "order_id,symbol,side,quantity"
Refused = Callable[..., list[str]]


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Write an order file and return what reading it is refused for."""

    def refuse(content: str | bytes, name: str = "orders.csv", **options: Any) -> list[str]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(ProblemError) as caught:
            read_table(path, ORDERS, **options)
        return [str(violation).replace(f"{tmp_path}/", "") for violation in caught.value.violations]

    return refuse


def one(column: str, value: str) -> str:
    """Return an order file whose second line has the value, quoted, in the column."""
    cells = {"order_id": "o1", "symbol": "AAPL", "side": "buy", "quantity": "10"} | {column: value}
    quoted = ('"' + cell.replace('"', '""') + '"' for cell in cells.values())
    return ",".join(cells) + "\n" + ",".join(quoted) + "\n"


def accepted(content: str | bytes, **options: Any) -> Canonical:
    return parse_table(content if isinstance(content, bytes) else content.encode(), ORDERS, **options)


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", " "])
def test_b01_empty_file(refused: Refused, content: str) -> None:
    """A file with nothing in it is no orders, never a success."""
    assert refused(content) == ["orders.csv: no orders: the file is empty"]


def test_b01_header_only(refused: Refused) -> None:
    """A header without rows is no orders, in CSV and in JSON."""
    assert refused(HEADER + "\n") == ["orders.csv: no orders: the table has no rows"]
    assert refused("[]", "orders.json") == ["orders.json: no orders: the table has no rows"]


def test_b25_misshapen_rows_are_rows(refused: Refused) -> None:
    """A file of which no row fits the header is told row by row, not to be empty; nothing is left of it to route."""
    content = HEADER + "\na,AAPL,buy,1,2\nb,AAPL\n"
    told = refused(content)
    assert [each.split(": ")[0] for each in told] == ["orders.csv:2", "orders.csv:3"]
    left = "orders.csv: no orders are left: every row is invalid"
    assert refused(content, skip_invalid=True) == [left, *told]
    assert refused(content + "c,AAPL,buy,0\n", skip_invalid=True)[:3] == [left, *told]


def test_b02_missing_extra_and_misspelt_columns(refused: Refused) -> None:
    """Each wrong column is named, with the column it is probably meant to be."""
    found = refused("order_id,symbol,quantitiy,qty,colour\no1,AAPL,1,1,red\n")
    assert found[0] == "orders.csv [quantitiy]: unknown column 'quantitiy'; did you mean 'quantity'?"
    assert found[1] == "orders.csv [qty]: unknown column 'qty'; did you mean 'quantity'?"
    assert found[2].startswith("orders.csv [colour]: unknown column 'colour'; the columns of orders are order_id,")
    assert found[3:] == [
        "orders.csv [side]: the column is missing",
        "orders.csv [quantity]: a column quantity or notional is missing",
    ]


def test_b02_unknown_key_in_json(refused: Refused) -> None:
    """A key of one object only is a wrong column all the same."""
    rows = [
        {"order_id": "1", "symbol": "A", "side": "buy", "quantity": 1},
        {"order_id": "2", "symbol": "A", "side": "buy", "quantity": 1, "limitprice": 3},
    ]
    (found,) = refused(json.dumps(rows), "orders.json")
    assert found == "orders.json [limitprice]: unknown column 'limitprice'; did you mean 'limit_price'?"


def test_b03_duplicate_column(refused: Refused) -> None:
    """A column that stands twice is refused: neither is taken."""
    found = refused("order_id,symbol,side,quantity,quantity\no1,AAPL,buy,1,100\n")
    assert found == ["orders.csv [quantity]: the column stands more than once"]


@pytest.mark.parametrize("value", ["0", "-1", "-0", "0.000", "-0.0"])
@pytest.mark.parametrize("column", ["quantity", "notional"])
def test_b04_quantity_zero_negative_minus_zero(refused: Refused, column: str, value: str) -> None:
    """An amount that is not above zero is refused with its line and value."""
    content = f"order_id,symbol,side,{column}\no1,AAPL,buy,1\no2,MSFT,buy,{value}\n"
    assert refused(content) == [f"orders.csv:3 [{column}]: must be greater than 0 (got '{value}')"]


@pytest.mark.parametrize("value", ["NaN", "nan", "Infinity", "-inf", "sNaN"])
def test_b05_quantity_not_finite(refused: Refused, value: str) -> None:
    """A text that only Decimal would call a number is refused."""
    assert refused(one("quantity", value)) == [
        f"orders.csv:2 [quantity]: must be a finite number: use 1000.5 (got '{value}')"
    ]


@pytest.mark.parametrize(
    ("value", "form"),
    [("1e3", "use 1000"), ("1.5E2", "use 150"), ("1e400", "use 1000.5"), ("1E-7", "use 0.0000001")],
)
def test_b05_quantity_with_exponent(refused: Refused, value: str, form: str) -> None:
    """An exponent is refused, and the same number without it is offered."""
    assert refused(one("quantity", value)) == [
        f"orders.csv:2 [quantity]: a number is written without an exponent: {form} (got '{value}')"
    ]


@pytest.mark.parametrize("value", ["1,000", "1.000,5", "1_000", "1 000", "1'000", "1\u00a0000", "1,5", "$5", "5%"])
def test_b06_quantity_with_separators(refused: Refused, value: str) -> None:
    """A number with anything but digits and one point is refused with the form to use, never guessed."""
    (found,) = refused(one("quantity", value))
    assert found.startswith("orders.csv:2 [quantity]: must be a plain decimal number")
    assert "use 1000.5 (got " in found


def test_b06_declared_dialect() -> None:
    """In the declared dialect fr the comma stands before decimals, and nothing else changes."""
    content = "order_id;symbol;side;quantity\no1;AAPL;buy;12,5\n"
    assert accepted(content, dialect="fr").frame["quantity"].tolist() == [Decimal("12.5")]


@pytest.mark.parametrize("value", ["12.5", "1.000,5", "1 000,5"])
def test_b06_dialect_has_one_form(refused: Refused, value: str) -> None:
    """In dialect fr a point in a number is as wrong as a comma in plain."""
    (found,) = refused(f"order_id;symbol;side;quantity\no1;AAPL;buy;{value}\n", dialect="fr")
    assert found.startswith("orders.csv:2 [quantity]: must be a plain decimal number")
    assert found.endswith(f"use 1000,5 (got '{value}')")


def test_b07_foreign_digits(refused: Refused) -> None:
    """Digits of other scripts, which Decimal and int would take, are refused by code point."""
    for value in ("\u0661\u0662", "\uff11\uff12"):
        (found,) = refused(one("quantity", value))
        assert "a number is written in the digits 0-9, not U+" in found
        assert "DIGIT ONE" in found
        assert "use 1000.5" in found
        (found,) = refused(one("priority", value))
        assert "must be a whole number in the digits 0-9, not U+" in found


def test_b08_number_of_ten_thousand_digits(refused: Refused) -> None:
    """A number's length is judged before it is converted, and only its beginning is shown."""
    (found,) = refused(one("quantity", "9" * 10_000))
    assert found.startswith("orders.csv:2 [quantity]: a number has at most 40 characters, this one has 10000 (got '999")
    assert len(found) < 200


def test_b08_huge_exponent(refused: Refused) -> None:
    """A short text for a number of a million digits takes no memory."""
    tracemalloc.start()
    (found,) = refused(one("quantity", "1E+1000000"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "a number is written without an exponent: use 1000.5 (got '1E+1000000')" in found
    assert peak < 5_000_000


def test_b09_more_decimals_than_any_instrument_has(refused: Refused) -> None:
    """Twelve decimals are read exactly, a thirteenth that counts is refused; zeros at the end count nothing."""
    twelve = "0.123456789012"
    assert accepted(one("quantity", twelve)).frame["quantity"].tolist() == [Decimal(twelve)]
    assert accepted(one("quantity", twelve + "000")).frame["quantity"].tolist() == [Decimal(twelve)]
    assert "at most 12 decimals, this one has 13" in refused(one("quantity", twelve + "3"))[0]


@pytest.mark.parametrize("number", ["9007199254740993", "1000000000000000.000001", "10000000000000000"])
def test_b10_large_json_number_is_exact(number: str) -> None:
    """A JSON number beyond the reach of binary floats keeps every digit."""
    content = f'[{{"order_id": 1, "symbol": "A", "side": "buy", "quantity": {number}}}]'
    frame = accepted(content).frame
    assert frame["quantity"].tolist() == [Decimal(number)]
    assert frame["order_id"].tolist() == ["1"]


def test_b10_an_amount_that_cannot_be_counted_is_refused(refused: Refused) -> None:
    """An amount beyond what the network and the ledger count exactly is refused with the largest that they do."""
    most = "must be at most 10000000000000000 (got '123456789012345678901234567890')"
    assert refused(one("quantity", "123456789012345678901234567890")) == [f"orders.csv:2 [quantity]: {most}"]
    content = '[{"order_id": 1, "symbol": "A", "side": "buy", "notional": 1000000000000.000001}]'
    most = "must be at most 1000000000000 (got '1000000000000.000001')"
    assert refused(content, "orders.json") == [f"orders.json:1 [notional]: {most}"]


def test_b11_json_fraction_is_exact() -> None:
    """The JSON number 0.1 is one tenth."""
    content = '[{"order_id": "1", "symbol": "A", "side": "buy", "quantity": 0.1}]'
    assert accepted(content).frame["quantity"].tolist() == [Decimal("0.1")]


@pytest.mark.parametrize("value", ["B", "long", "buy!", "achat", "1"])
def test_b12_side_of_another_language(refused: Refused, value: str) -> None:
    """A side other than the two documented words is refused with both of them."""
    (found,) = refused(one("side", value))
    assert found.startswith("orders.csv:2 [side]: must be one of buy, sell")
    assert found.endswith(f"(got '{value}')")


@pytest.mark.parametrize("value", ["buy ", "BUY", " Buy"])
def test_b12_side_in_any_case(value: str) -> None:
    """A side is read in either case, trimmed."""
    assert accepted(one("side", value)).frame["side"].tolist() == ["buy"]


@pytest.mark.parametrize("value", ["A  B", "MY STOCK", "A\u00a0B", "-A", "A" * 33, "A,B", "=A"])
def test_b13_malformed_symbol(refused: Refused, value: str) -> None:
    """A text that can be no symbol is refused with the allowed form."""
    (found,) = refused(one("symbol", value))
    assert found.startswith("orders.csv:2 [symbol]: a symbol has ")


def test_b13_look_alike_letters(refused: Refused) -> None:
    """A Cyrillic letter in a ticker is told by its code point."""
    (found,) = refused(one("symbol", "\u0410APL"))
    assert "not U+0410 CYRILLIC CAPITAL LETTER A (got " in found


@pytest.mark.parametrize("value", ["BRK B", "BRK.B", "BRK/B", "BF-B", "7203", "US0378331005", "zzzz", "BTC/USD"])
def test_b13_well_formed_symbol_passes(value: str) -> None:
    """Whether a well-formed symbol exists is not for the file to say."""
    assert accepted(one("symbol", value)).frame["symbol"].tolist() == [value]


def test_b15_same_order_id_twice(refused: Refused) -> None:
    """An order id that comes again is refused and the first line is named."""
    content = HEADER + "\no1,AAPL,buy,1\no2,AAPL,buy,2\no1,MSFT,buy,3\n"
    assert refused(content) == [
        "orders.csv:4 [order_id]: duplicate order_id: line 2 has it already (got 'o1')",
    ]


def test_b16_twin_rows_are_warned_of() -> None:
    """Two orders equal but for their id are kept, with a warning that names both."""
    result = accepted(HEADER + "\no1,AAPL,buy,1\no2,AAPL,buy,1.0\no3,AAPL,buy,2\n")
    assert len(result.frame) == 3
    assert [str(warning) for warning in result.warnings] == [
        "orders:3 [order_id]: the same as line 2 but for its id (got 'o2')"
    ]


def test_b17_buy_and_sell_of_one_instrument_are_warned_of() -> None:
    """A batch that buys and sells one symbol is kept, with a warning that names both."""
    result = accepted(HEADER + "\no1,AAPL,buy,1\no2,MSFT,sell,1\no3,AAPL,sell,2\n")
    assert len(result.frame) == 3
    assert [str(warning) for warning in result.warnings] == [
        "orders:4 [side]: bought and sold in one batch, see line 2 (got 'AAPL')"
    ]


def test_b18_limit_price_belongs_to_limit_orders(refused: Refused) -> None:
    """A limit order without a price and a market order with one are both refused."""
    content = HEADER + ",order_type,limit_price\no1,A,buy,1,limit,\no2,B,buy,1,market,5\no3,C,buy,1,,5\n"
    market = "a market order takes no limit_price: leave it empty or set order_type to limit (got '5')"
    assert refused(content) == [
        "orders.csv:2 [limit_price]: a limit order needs a limit_price above 0",
        f"orders.csv:3 [limit_price]: {market}",
        f"orders.csv:4 [limit_price]: {market}",
    ]


@pytest.mark.parametrize("value", ["0", "-3"])
def test_b19_limit_price_zero_or_negative(refused: Refused, value: str) -> None:
    """A limit price that is not above zero is refused."""
    content = HEADER + f",order_type,limit_price\no1,A,buy,1,limit,{value}\n"
    assert refused(content) == [f"orders.csv:2 [limit_price]: must be greater than 0 (got '{value}')"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2025-03-31T14:30:00", "a time needs its zone: add Z or an offset, as in 2025-03-31T14:30:00Z"),
        ("2025-02-31T14:30:00Z", "no such date or time in the calendar: use a form like 2025-03-31T14:30:00Z"),
        ("31/03/2025", "must be an ISO 8601 time with zone, such as 2025-03-31T14:30:00Z"),
        ("2025-03-31", "must be an ISO 8601 time with zone, such as 2025-03-31T14:30:00Z"),
        ("1743431400", "must be an ISO 8601 time with zone, such as 2025-03-31T14:30:00Z"),
    ],
)
def test_b21_malformed_time(refused: Refused, value: str, message: str) -> None:
    """A time without zone, outside the calendar or in another form is refused."""
    assert refused(one("expire_at", value)) == [f"orders.csv:2 [expire_at]: {message} (got '{value}')"]


def test_b21_expiry_in_the_past(refused: Refused) -> None:
    """An order that has expired by the given clock is refused."""
    content, now = one("expire_at", "2025-03-31T14:30:00Z"), datetime(2025, 4, 1, tzinfo=UTC)
    (found,) = refused(content, now=now)
    assert found.startswith("orders.csv:2 [expire_at]: expire_at is in the past: give a time to come, or none")
    assert len(accepted(content, now=datetime(2025, 3, 1, tzinfo=UTC)).frame) == 1


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_b22_byte_order_mark_and_line_ends(line_end: str) -> None:
    """UTF-8 is read with and without a byte-order mark, under any line ends."""
    content = f"{HEADER}\no1,AAPL,buy,1\no2,MSFT,buy,2\n".replace("\n", line_end)
    for start in (b"", b"\xef\xbb\xbf"):
        assert accepted(start + content.encode()).frame["order_id"].tolist() == ["o1", "o2"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_b22_utf_16_is_named(refused: Refused, encoding: str) -> None:
    """UTF-16 is recognised and refused, not read as gibberish."""
    assert refused(one("side", "buy").encode(encoding)) == [
        "orders.csv: the text is UTF-16 or UTF-32: save it as UTF-8"
    ]


def test_b22_latin_1_is_refused_by_offset(refused: Refused) -> None:
    """A byte that is no UTF-8 is refused with its offset, counted with the byte-order mark, and its line."""
    content = (HEADER + "\no1,caf\u00e9,buy,1\n").encode("latin-1")
    offset = content.index(b"\xe9")
    assert refused(content) == [f"orders.csv:2: the text is not UTF-8 at byte {offset} (0xE9): save it as UTF-8"]
    assert f"at byte {offset + 3} (" in refused(b"\xef\xbb\xbf" + content)[0]


def test_b23_nul_byte(refused: Refused) -> None:
    """A NUL byte is refused with its offset and line."""
    content = HEADER.encode() + b"\no1,AA\0PL,buy,1\n"
    assert refused(content) == [f"orders.csv:2: a NUL byte stands at byte {content.index(0)}: this is not a text file"]


@pytest.mark.parametrize(
    ("value", "escaped", "name"),
    [
        ("a\x1b[31mb", r"'a\x1b[31mb'", "U+001B CONTROL CHARACTER"),
        ("a\u202eb", r"'a\u202eb'", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("a\u200fb", r"'a\u200fb'", "U+200F RIGHT-TO-LEFT MARK"),
        ("a\u200bb", r"'a\u200bb'", "U+200B ZERO WIDTH SPACE"),
        ("a\r\nb", r"'a\r\nb'", "U+000D CONTROL CHARACTER"),
    ],
)
def test_b23_control_characters_are_escaped(refused: Refused, value: str, escaped: str, name: str) -> None:
    """A control or direction-changing character in a text is refused, named and shown escaped."""
    (found,) = refused(one("sleeve", value))
    assert found.startswith("orders.csv:2 [sleeve]: control and invisible characters are not allowed: ")
    assert name in found
    assert found.endswith(f"(got {escaped})")
    assert found.isprintable()


def test_b24_formulas_are_kept_and_neutralised_in_exports(tmp_path: Path) -> None:
    """A text that a spreadsheet would compute stays as it is inside and gets a quote in front in an export."""
    for text in ("=1+1", "+1", "-1", "@SUM(A1)"):
        frame = accepted(one("sleeve", text)).frame
        assert frame["sleeve"].tolist() == [text]
        write_table(frame, tmp_path / "out.csv")
        assert f",'{text}," in (tmp_path / "out.csv").read_text()
    exported = csv_text(pd.DataFrame({"text": ["\t=1", "\r=1", "a=1"], "amount": [Decimal("-5")] * 3}))
    assert exported == "text,amount\r\n'\t=1,-5\r\n\"'\r=1\",-5\r\na=1,-5\r\n"


def test_b25_unclosed_quote(refused: Refused) -> None:
    """A quote that is never closed is reported where it was opened."""
    (found,) = refused(HEADER + '\no1,AAPL,buy,1\no2,"MSFT,buy,1\no3,IBM,buy,1\n')
    assert found.startswith("orders.csv:3: a quote is opened here and never closed")


def test_b25_ragged_rows(refused: Refused) -> None:
    """Rows that do not fit the header are reported with the other problems, in the order of the lines."""
    found = refused(HEADER + "\no1,AAPL,buy,1,000\no2,AAPL,hold,1\no3,AAPL\n")
    assert found[0].startswith("orders.csv:2: the row has 5 cells where the header has 4: a cell that holds ','")
    assert found[1].startswith("orders.csv:3 [side]: ")
    assert found[2] == "orders.csv:4: the row has 2 cells where the header has 4 (got 'o3,AAPL')"


@pytest.mark.parametrize(("separator", "dialect"), [(";", "fr"), ("\t", "tab")])
def test_b25_wrong_separator(refused: Refused, separator: str, dialect: str) -> None:
    """Another separator than the declared one is named, not guessed."""
    content = (HEADER + "\no1,AAPL,buy,1\n").replace(",", separator)
    assert refused(content) == [
        f"orders.csv:1: one column only: did you mean --dialect {dialect}? (the dialect is plain)"
    ]


def test_b26_file_of_five_gigabytes(tmp_path: Path) -> None:
    """A file over the limit is refused by its size, at once and unread."""
    path = tmp_path / "orders.csv"
    with path.open("wb") as file:
        file.truncate(5 * 2**30)
    started = time.perf_counter()
    with pytest.raises(DocumentError, match=f"too large: {5 * 2**30} bytes, the limit is {256 * 2**20}"):
        read_table(path, ORDERS)
    assert time.perf_counter() - started < 1


def test_b26_ten_million_rows_and_one_long_line(refused: Refused) -> None:
    """Too many rows, or a line without end, are refused in less than a second, before anything is parsed."""
    many = HEADER.encode() + b"\n" + b"a,b,c,1\n" * 10_000_000
    long = HEADER.encode() + b"\no1,AAPL,buy,1\n" + b"x" * 100_000_000
    for content, message in (
        (many, "orders.csv: too many lines: 10000001, the limit is 5000000 rows; split the file"),
        (long, "orders.csv:3: the line is longer than 1048576 bytes"),
    ):
        started = time.process_time()
        with pytest.raises(DocumentError) as caught:
            parse_table(content, ORDERS, source="orders.csv")
        assert time.process_time() - started < 1
        assert str(caught.value) == message
    assert "too many rows: the limit is 1" in refused("[{},{}]", "orders.json", size=Size(rows=1))[0]


@pytest.mark.parametrize("inside", ["[" * 100_000, '[{"order_id": ' + "[" * 100_000, '[{"a":' * 100_000])
def test_b27_deep_json(refused: Refused, inside: str) -> None:
    """A hundred thousand brackets are refused without exhausting the stack."""
    (found,) = refused(inside, "orders.json")
    assert found.startswith("orders.json:1: ")
    assert "nested too deeply" in found or "an object in braces must stand here" in found


def test_b28_json_key_twice(refused: Refused) -> None:
    """A key that stands twice in an object is refused; the last one never wins."""
    content = '[{"order_id": "1", "symbol": "A", "side": "buy",\n "quantity": 1, "quantity": 100}]'
    assert refused(content, "orders.json") == ["orders.json:1: the key 'quantity' stands twice in one object"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"order_id": 1}]\n{"a": 1}', "orders.json:2: text follows the end of the JSON: '{\"a\": 1}'"),
        ('[\n{"order_id": 1} // first\n]', "orders.json:2: a comma or a closing bracket must follow an object"),
        ('[\n{"quantity": NaN}]', "orders.json:2: NaN is no number of JSON: use a number such as 1000.5, or null"),
        ('[{"quantity": -Infinity}]', "orders.json:1: -Infinity is no number of JSON: use a number such as"),
        ('[{"quantity": 01}]', "orders.json:1: not JSON: "),
        ('[{"quantity": 1},]', "orders.json:1: an object in braces must stand here, not ']'"),
        ('[{"quantity": 1}', "orders.json:1: a comma or a closing bracket must follow an object"),
        ('{"quantity": 1}', "orders.json:1: the document must be an array of objects"),
        ("[1]", "orders.json:1: an object in braces must stand here, not '1]'"),
    ],
)
def test_b29_text_that_is_not_quite_json(refused: Refused, content: str, message: str) -> None:
    """Trailing text, comments, NaN and the like are refused with their line."""
    (found,) = refused(content, "orders.json")
    assert found.startswith(message)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("name", ["orders.csv", "orders.pkl"])
def test_b30_pickle_is_never_loaded(refused: Refused, tmp_path: Path, name: str, protocol: int) -> None:
    """A pickle is refused by its content, whatever its name, and nothing in it runs."""
    (found,) = refused(pickle.dumps(Bomb(tmp_path / "ran"), protocol), name)
    if protocol:
        assert "the content is a Python pickle, which is never loaded" in found
    assert not (tmp_path / "ran").exists()


def test_b30_parquet_disguised_as_csv(refused: Refused, tmp_path: Path) -> None:
    """The content decides what a file is, and a name that contradicts it is refused."""
    path = tmp_path / "orders.parquet"
    pd.DataFrame({"order_id": ["1"], "symbol": ["A"], "side": ["buy"], "quantity": [Decimal("1.5")]}).to_parquet(path)
    assert read_table(path, ORDERS).frame["quantity"].tolist() == [Decimal("1.5")]
    assert refused(path.read_bytes(), "orders.csv") == [
        "orders.csv: the content is Parquet, which the suffix .csv contradicts: rename the file"
    ]
    assert "the content is text, which the suffix .parquet contradicts" in refused(HEADER, "o.parquet")[0]
    assert "an Excel workbook: save the sheet as CSV" in refused(b"PK\x03\x04....", "orders.csv")[0]


def test_b31_binary_floats_are_taken_by_their_shortest_text() -> None:
    """A column of floats is read as people see it, with a warning."""
    frame = pd.DataFrame(
        {"order_id": [1, 2], "symbol": ["A", "B"], "side": ["buy", "buy"], "quantity": [0.1, 100.0]}, index=[5, 5]
    )
    result = canonical(ORDERS, frame)
    assert result.frame["quantity"].tolist() == [Decimal("0.1"), Decimal("100")]
    assert result.frame["order_id"].tolist() == ["1", "2"]
    assert [str(warning) for warning in result.warnings] == [
        "orders [quantity]: column quantity holds binary floats; each was taken by its shortest text"
    ]


def test_b31_nan_and_mixed_objects() -> None:
    """NaN in a required place and cells that are no text or number are violations of their rows."""
    frame = pd.DataFrame(
        {
            "order_id": ["1", "2", "3"],
            "symbol": ["A", float("nan"), "C"],
            "side": ["buy", "buy", {"is": "buy"}],
            "quantity": pd.Series([float("nan"), 1, Decimal("sNaN")], dtype=object),
        }
    )
    with pytest.raises(ProblemError) as caught:
        canonical(ORDERS, frame)
    assert [str(violation) for violation in caught.value.violations] == [
        "orders, row 1 [quantity]: quantity and notional are both empty: give exactly one",
        "orders, row 2 [symbol]: a value is required",
        "orders, row 3 [side]: a cell of type dict cannot be read as word (got dict)",
        "orders, row 3 [quantity]: must be a finite number (got sNaN)",
    ]


def test_b32_only_regular_files(tmp_path: Path) -> None:
    """Whatever is not a regular file is refused at once with what it is; a link to a regular file is read."""
    file, link, loop, pipe = (tmp_path / name for name in ("o.csv", "link.csv", "loop.csv", "pipe.csv"))
    file.write_text(one("side", "buy"))
    link.symlink_to(file)
    loop.symlink_to(loop)
    os.mkfifo(pipe)
    assert len(read_table(link, ORDERS).frame) == 1
    for path, message in (
        (tmp_path, "only regular files are read, this is a directory"),
        (pipe, "only regular files are read, this is a pipe"),
        (Path("/dev/zero"), "only regular files are read, this is a device"),
        (tmp_path / "none.csv", "there is no such file"),
        (loop, "the file cannot be read: "),
        ("https://example.com/o.csv", "this is a URL, only files on this machine are read: download it first"),
        (Path("https://example.com/o.csv"), "this is a URL, only files on this machine are read: download it first"),
        ("a\0b.csv", "the file cannot be read: embedded null byte"),
        ("x" * 5000, "the file cannot be read: File name too long"),
    ):
        with pytest.raises(DocumentError) as caught:
            read_table(path, ORDERS)
        (violation,) = caught.value.violations
        assert violation.message.startswith(message)
        assert violation.table.isprintable()


def test_b33_digest_is_of_the_bytes_that_were_read(tmp_path: Path) -> None:
    """The result carries the SHA-256 of the very bytes parsed, whatever becomes of the file."""
    path = tmp_path / "orders.csv"
    content = one("side", "buy").encode()
    path.write_bytes(content)
    result = read_table(path, ORDERS)
    path.write_bytes(b"changed")
    assert result.digest == hashlib.sha256(content).hexdigest()
