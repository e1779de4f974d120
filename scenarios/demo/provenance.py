"""Which figures of the demo are real, which are illustrative, and where the real ones come from."""

from __future__ import annotations

from typing import NamedTuple

from scenarios.demo.catalogue import ALPACA, ALPACA_RECORDED, CRYPTO_COM, CRYPTO_COM_RECORDED, IBKR


class ProvenanceRow(NamedTuple):
    """One row of `provenance.csv`.

    `symbols` are broker symbols separated by ``|``, or ``*`` for every other one of the group; `status` is
    ``real`` or ``illustrative``.
    """

    file: str
    broker: str
    group: str
    symbols: str
    field: str
    status: str
    source: str


_REAL, _ILLUSTRATIVE = "real", "illustrative"
_EQUITY, _COIN = "US shares and US-listed funds", "coins"
_FOREIGN, _AMERICAN = "shares and funds elsewhere", "US shares and US-listed funds"
_PUBLIC = "public knowledge, mostly confirmed by public lists of instruments"


def _rows(file: str, broker: str, group: str, entries: tuple[tuple[str, str, str], ...]) -> list[ProvenanceRow]:
    """Return rows for (fields, status, source) or (symbols: fields, status, source) entries."""
    found = []
    for fields, status, source in entries:
        symbols, _, names = fields.rpartition(": ")
        found += [ProvenanceRow(file, broker, group, symbols or "*", name, status, source) for name in names.split()]
    return found


_IDENTITY = "symbol asset_type mic currency name"
_ALPACA_PAIRS = "|".join(ALPACA_RECORDED)
_CRYPTO_COM_PAIRS = "|".join(CRYPTO_COM_RECORDED)

PROVENANCE = (
    *_rows(
        "listings.csv",
        ALPACA,
        _EQUITY,
        (
            (_IDENTITY, _REAL, _PUBLIC),
            ("broker_symbol", _REAL, "vendor documentation: the ticker, class shares with a dot"),
            ("lot", _REAL, "vendor documentation: quantities up to nine decimals"),
            ("min_quantity", _ILLUSTRATIVE, "one lot; the binding minimum is the value"),
            ("min_notional", _REAL, "vendor documentation: at least 1 USD"),
            ("max_quantity", _ILLUSTRATIVE, "left empty"),
            ("tick", _REAL, "vendor documentation: two decimals from 1 USD upwards"),
            (
                "fractional tradable shortable",
                _ILLUSTRATIVE,
                "true for all; the venue decides share by share, and which shares it lacks here is chosen",
            ),
        ),
    ),
    *_rows(
        "listings.csv",
        ALPACA,
        _COIN,
        (
            ("symbol asset_type currency name", _REAL, "vendor's support page: 57 pairs of 25 coins"),
            ("broker_symbol", _REAL, "vendor documentation: coin/quote"),
            ("lot", _REAL, "recorded production reply: the same step for every recorded pair"),
            (f"{_ALPACA_PAIRS}: min_quantity tick", _REAL, "recorded production reply"),
            (
                "min_quantity",
                _ILLUSTRATIVE,
                "about one US dollar at the invented price; the real one drifts alike",
            ),
            ("tick", _ILLUSTRATIVE, "fifth significant digit of the invented price"),
            (
                "min_notional",
                _REAL,
                "community measurement 2026-08: buys in USD at least 10 USD, other quotes and sells free",
            ),
            ("max_quantity", _ILLUSTRATIVE, "left empty"),
            ("fractional shortable", _REAL, "vendor documentation: always fractional, never short"),
            ("tradable", _ILLUSTRATIVE, "true for all"),
        ),
    ),
    *_rows(
        "listings.csv",
        CRYPTO_COM,
        _COIN,
        (
            (
                "symbol asset_type currency broker_symbol name",
                _REAL,
                "vendor's naming; every pair was seen in a recorded production ticker reply of 2026-08",
            ),
            (
                f"{_CRYPTO_COM_PAIRS}: lot min_quantity tick fractional",
                _REAL,
                "recorded production reply (instruments)",
            ),
            (
                "lot min_quantity fractional",
                _ILLUSTRATIVE,
                "a power of ten worth 0.1 to 1 USD at the invented price",
            ),
            ("tick", _ILLUSTRATIVE, "fifth significant digit of the invented price, at most 0.01"),
            (
                "min_notional",
                _REAL,
                "vendor documentation: none is published, zero here; the venue may refuse more",
            ),
            ("max_quantity", _REAL, "vendor documentation: none is published"),
            (
                "tradable shortable",
                _ILLUSTRATIVE,
                "true, and false because the demo trades spot without margin",
            ),
        ),
    ),
    *_rows(
        "listings.csv",
        IBKR,
        _AMERICAN,
        (
            (_IDENTITY, _REAL, _PUBLIC),
            ("broker_symbol", _REAL, "vendor documentation: the ticker, class shares with a space"),
            (
                "lot min_quantity fractional",
                _REAL,
                "vendor documentation: whole shares unless fractional API orders are enabled on the account",
            ),
            ("min_notional", _REAL, "vendor documentation: none is published"),
            ("max_quantity", _ILLUSTRATIVE, "left empty"),
            (
                "tick",
                _REAL,
                "recorded production reply (one share) and exchange rule: 0.01 from 1 USD upwards",
            ),
            ("tradable shortable", _ILLUSTRATIVE, "true, short only on exchange"),
        ),
    ),
    *_rows(
        "listings.csv",
        IBKR,
        _FOREIGN,
        (
            (
                f"{_IDENTITY} isin",
                _REAL,
                _PUBLIC + "; ISINs carry a valid check digit, unsure ones are left out",
            ),
            ("broker_symbol", _ILLUSTRATIVE, "the exchange's ticker; the broker's own word differs for some"),
            ("lot min_quantity", _REAL, "exchange rule: 100 in Tokyo, 1 elsewhere"),
            (
                "fractional",
                _REAL,
                "vendor documentation: fractional API orders must be enabled on the account",
            ),
            ("min_notional", _REAL, "vendor documentation: none is published"),
            ("max_quantity", _ILLUSTRATIVE, "left empty"),
            ("tick", _ILLUSTRATIVE, "bands of the price; 0.01 for London lines in USD"),
            ("tradable shortable", _ILLUSTRATIVE, "true for all"),
        ),
    ),
    *_rows("quotes.csv", "", "all", (("bid ask as_of", _ILLUSTRATIVE, "invented, of plausible size"),)),
    *_rows("fx.csv", "", "all", (("rate as_of", _ILLUSTRATIVE, "invented, of plausible size"),)),
    *_rows("balances.csv", "", "all", (("account cash settled reserve", _ILLUSTRATIVE, "invented"),)),
    *_rows("positions.csv", "", "all", (("account quantity", _ILLUSTRATIVE, "invented"),)),
    *_rows(
        "orders.csv",
        "",
        "all",
        (
            ("symbol mic currency asset_type", _REAL, "as in listings.csv, but for one invented ticker"),
            ("order_id side quantity notional sleeve order_type limit_price", _ILLUSTRATIVE, "invented"),
            ("time_in_force priority created_at", _ILLUSTRATIVE, "invented"),
        ),
    ),
)
"""All rows of `provenance.csv`."""
