"""One parser per form of cell: a trimmed, non-empty text becomes its canonical value.

A parser raises `FlawError` with the sentence for the user: what is wrong and what would be allowed. It never
guesses: a text that could be read in two ways is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from solver.domain.amounts import MAX_DECIMALS
from solver.tables.currencies import COMMON_CURRENCIES, KNOWN_CURRENCIES
from solver.tables.display import code_points, shown
from solver.tables.schema import Column, Form

Parser = Callable[[str], object]


class FlawError(ValueError):
    """What is wrong with a text.

    Attributes
    ----------
    word : str
        The word that is none of `allowed`; empty where there is no list. Looking for the closest one takes
        long, so it is left to whoever prints the message.
    allowed : iterable of str
    """

    def __init__(self, message: str, word: str = "", allowed: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.word = word
        self.allowed = allowed


MAX_NUMBER = 40
"""Most characters of a number; checked before anything is converted."""

MAX_TEXT = 200
MAX_PROSE = 2000
MAX_ITEMS = 50

_PLAIN = {mark: re.compile(rf"-?[0-9]+(?:[{mark}][0-9]+)?") for mark in ".,"}
# Short enough in every respect, so that almost every number of a file needs this one look only.
_SHORT = {mark: re.compile(rf"-?[0-9]{{1,20}}(?:[{mark}][0-9]{{1,{MAX_DECIMALS}}})?") for mark in ".,"}
_EXPONENT = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE]([+-]?[0-9]+)")
_NOT_FINITE = frozenset({"nan", "snan", "inf", "infinity"})
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_TICKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]*(?: [A-Za-z0-9./]{1,4})?")
_FOREIGN_TO_TICKER = re.compile(r"[^A-Za-z0-9./ _-]")
_MIC = re.compile(r"[A-Za-z0-9]{4}")
_ISIN = re.compile(r"[A-Za-z]{2}[A-Za-z0-9]{9}[0-9]")
_BROKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
# Prose may hold an emoji's joiner, which no identifier may; what turns or hides text is refused in both.
_DISGUISE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def parser(column: Column, decimal_mark: str = ".") -> Parser:
    """Return the parser of a column's cells.

    Parameters
    ----------
    column : Column
    decimal_mark : str
        ``.`` or ``,``: what stands between the whole part and the decimals.
    """
    if column.form is Form.DECIMAL:
        return partial(decimal, column=column, mark=decimal_mark)
    if column.form is Form.INTEGER:
        return partial(integer, column=column)
    if column.form is Form.WORD:
        return partial(word, words=column.words)
    if column.form is Form.BROKERS:
        return partial(brokers, none_allowed=column.none_allowed)
    return _BY_FORM[column.form]


def decimal(text: str, column: Column, mark: str = ".") -> Decimal:
    """Return a plain decimal number within the column's bounds."""
    if not _SHORT[mark].fullmatch(text):
        _check_number(text, mark)
    amount = Decimal(text.replace(",", ".") if mark == "," else text)
    _check_bounds(amount, column)
    return amount if amount else abs(amount)


def integer(text: str, column: Column) -> int:
    """Return a whole number within the column's bounds."""
    if not _INTEGER.fullmatch(text):
        foreign = _foreign_digits(text)
        digits = f" in the digits 0-9, not {code_points(foreign)}" if foreign else ", such as 1"
        raise FlawError(f"must be a whole number{digits}")
    number = int(text)
    _check_bounds(Decimal(number), column)
    return number


def _check_number(text: str, mark: str) -> None:
    if len(text) > MAX_NUMBER:
        raise FlawError(f"a number has at most {MAX_NUMBER} characters, this one has {len(text)}")
    if not _PLAIN[mark].fullmatch(text):
        raise FlawError(_number_flaw(text, mark))
    decimals = text.partition(mark)[2].rstrip("0")
    if len(decimals) > MAX_DECIMALS:
        raise FlawError(f"a number has at most {MAX_DECIMALS} decimals, this one has {len(decimals)}")


def _check_bounds(amount: Decimal, column: Column) -> None:
    if column.above is not None and amount <= column.above:
        raise FlawError(f"must be greater than {column.above}")
    if column.least is not None and amount < column.least:
        raise FlawError(f"must be at least {column.least}")
    if column.most is not None and amount > column.most:
        raise FlawError(f"must be at most {column.most}")


def _number_flaw(text: str, mark: str) -> str:
    """Return the sentence for a text that is no plain decimal number."""
    form = f"use 1000{mark}5"
    foreign = _foreign_digits(text)
    if foreign:
        return f"a number is written in the digits 0-9, not {code_points(foreign)}: {form}"
    if text.lstrip("+-").lower() in _NOT_FINITE:
        return f"must be a finite number: {form}"
    exponent = _EXPONENT.fullmatch(text)
    if exponent:
        if abs(int(exponent[1])) <= MAX_NUMBER:
            form = "use " + format(Decimal(text.replace(",", ".")), "f").replace(".", mark)
        return f"a number is written without an exponent: {form}"
    return f"must be a plain decimal number, nothing between the thousands and {mark!r} before decimals: {form}"


def _foreign_digits(text: str) -> list[str]:
    return [character for character in text if not character.isascii() and character.isnumeric()]


def word(text: str, words: tuple[str, ...]) -> str:
    """Return one of the allowed words, whatever the case it is written in."""
    # Lower-casing maps some foreign letters (the Kelvin sign) on ASCII ones; those must not pass.
    if text.isascii() and text.lower() in words:
        return text.lower()
    raise FlawError(f"must be one of {', '.join(words)}", text.lower(), words)


def flag(text: str) -> bool:
    """Return a truth value."""
    value = _FLAGS.get(text.lower()) if text.isascii() else None
    if value is None:
        raise FlawError("must be one of true, false, yes, no, 1, 0")
    return value


def moment(text: str) -> datetime:
    """Return a point in time, in UTC and without its zone (numpy's form); the text must name its zone."""
    match = _MOMENT.fullmatch(text)
    if not match:
        raise FlawError("must be an ISO 8601 time with zone, such as 2025-03-31T14:30:00Z")
    if match[1] is None:
        raise FlawError("a time needs its zone: add Z or an offset, as in 2025-03-31T14:30:00Z")
    try:
        if match[1] == "Z":
            return datetime.fromisoformat(text[:-1])
        return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise FlawError("no such date or time in the calendar: use a form like 2025-03-31T14:30:00Z") from None


def identifier(text: str) -> str:
    """Return a text without invisible characters."""
    if not text.isprintable():
        hidden = [character for character in text if not character.isprintable()]
        raise FlawError(f"control and invisible characters are not allowed: {code_points(hidden)}")
    if len(text) > MAX_TEXT:
        raise FlawError(f"a text has at most {MAX_TEXT} characters, this one has {len(text)}")
    return text


def prose(text: str) -> str:
    """Return a text for people; line breaks and emoji are welcome, characters that disguise it are not."""
    hidden = _DISGUISE.findall(text)
    if hidden:
        raise FlawError(f"control and invisible characters are not allowed: {code_points(hidden)}")
    if len(text) > MAX_PROSE:
        raise FlawError(f"a text has at most {MAX_PROSE} characters, this one has {len(text)}")
    return text


def ticker(text: str) -> str:
    """Return the symbol of an order: 1 to 32 characters, a space only before a share class (``BRK B``)."""
    if len(text) <= 32 and _TICKER.fullmatch(text):
        return text
    foreign = _FOREIGN_TO_TICKER.findall(text[:1000])
    if foreign:
        raise FlawError(f"a symbol has only A-Z, a-z, 0-9, '.', '/', '_', '-' and a space, not {code_points(foreign)}")
    raise FlawError(
        "a symbol has 1 to 32 characters, begins with a letter or digit and has a space only before a share "
        "class, as in AAPL, BRK B, BTC"
    )


def symbol(text: str) -> str:
    """Return a symbol as a catalogue may have it: 1 to 32 printable ASCII characters."""
    if text.isascii() and text.isprintable() and len(text) <= 32:
        return text
    foreign = [character for character in text if not (character.isascii() and character.isprintable())]
    named = f", not {code_points(foreign)}" if foreign else ""
    raise FlawError(f"a symbol has 1 to 32 printable ASCII characters{named}")


def mic(text: str) -> str:
    """Return a market identifier code (ISO 10383), upper-case."""
    if not _MIC.fullmatch(text):
        raise FlawError("must be an ISO 10383 market identifier code of four characters, such as XNAS")
    return text.upper()


def isin(text: str) -> str:
    """Return an ISO 6166 number, upper-case."""
    if not _ISIN.fullmatch(text):
        raise FlawError("must be an ISIN of twelve characters, such as US0378331005")
    return text.upper()


def broker(text: str) -> str:
    """Return the name of a broker, lower-case."""
    if not _BROKER.fullmatch(text):
        raise FlawError("must be the name of a broker, such as ibkr, alpaca or crypto_com")
    return text.lower()


def brokers(text: str, *, none_allowed: bool = False) -> str:
    """Return names of brokers joined by ``|``."""
    names = _items(text, broker)
    if none_allowed and "none" in names and len(names) > 1:
        raise FlawError("'none' stands alone: it means no broker at all")
    return "|".join(names)


def currency(text: str) -> str:
    """Return a currency that exists, upper-case."""
    code = text.upper()
    if not text.isascii() or code not in KNOWN_CURRENCIES:
        raise FlawError("must be a currency code such as USD, EUR or USDC", code, COMMON_CURRENCIES)
    return code


def currencies(text: str) -> str:
    """Return currencies in order of preference, joined by ``|``."""
    return "|".join(_items(text, currency))


def _items(text: str, parse: Callable[[str], str]) -> list[str]:
    if text.count("|") >= MAX_ITEMS:
        raise FlawError(f"a list has at most {MAX_ITEMS} entries")
    trimmed = [item.strip(" ") for item in text.split("|")]
    if "" in trimmed:
        raise FlawError("a list is written a|b, without an empty place")
    items = [parse(item) for item in trimmed]
    twice = next((item for item in items if items.count(item) > 1), None)
    if twice is not None:
        raise FlawError(f"{shown(twice)} is named twice")
    return items


_BY_FORM: dict[Form, Parser] = {
    Form.TEXT: identifier,
    Form.PROSE: prose,
    Form.TICKER: ticker,
    Form.SYMBOL: symbol,
    Form.MIC: mic,
    Form.ISIN: isin,
    Form.BROKER: broker,
    Form.CURRENCY: currency,
    Form.CURRENCIES: currencies,
    Form.FLAG: flag,
    Form.MOMENT: moment,
}
