"""Laws of which instrument an order means."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from solver import Problem, ProblemError, solve

LISTED = [
    ("ibkr", "AAPL", "stock_us", "XNAS", "USD", "AAPL", "US0378331005"),
    ("alpaca", "AAPL", "stock_us", "XNAS", "USD", "AAPL", "US0378331005"),
    ("ibkr", "ASML", "stock_intl", "XAMS", "EUR", "ASML@AMS", "NL0010273215"),
    ("ibkr", "ASML", "stock_us", "XNAS", "USD", "ASML@NAS", ""),
    ("ibkr", "VOD", "stock_intl", "XLON", "GBP", "VOD@GBP", ""),
    ("ibkr", "VOD", "stock_intl", "XLON", "USD", "VOD@USD", ""),
    ("ibkr", "COMP", "stock_us", "XNAS", "USD", "COMP", ""),
    ("alpaca", "COMP", "crypto", "", "USD", "COMP/USD", ""),
    ("crypto_com", "COMP", "crypto", "", "USDT", "COMP_USDT", ""),
]


def problem(**order: Any) -> Problem:
    columns = ["broker", "symbol", "asset_type", "mic", "currency", "broker_symbol", "isin"]
    sizes = {
        "lot": "1",
        "min_quantity": "0",
        "min_notional": "0",
        "max_quantity": "",
        "tick": "0.01",
        "fractional": "false",
        "tradable": "true",
        "shortable": "false",
    }
    return Problem.of(
        pd.DataFrame([{"order_id": "o1", "side": "buy", "quantity": "1"} | order]),
        pd.DataFrame(LISTED, columns=columns).assign(**sizes),
        pd.DataFrame(columns=["broker", "account", "currency", "cash"]),
    )


def meant(**order: Any) -> str:
    return str(problem(**order).instruments.at[0, "instrument"])


@pytest.mark.parametrize(
    ("order", "instrument"),
    [
        ({"symbol": "AAPL"}, "AAPL@XNAS:USD"),
        ({"symbol": "US0378331005"}, "AAPL@XNAS:USD"),
        ({"symbol": "NL0010273215"}, "ASML@XAMS:EUR"),
        ({"symbol": "ASML", "mic": "XAMS"}, "ASML@XAMS:EUR"),
        ({"symbol": "ASML", "currency": "USD"}, "ASML@XNAS:USD"),
        ({"symbol": "ASML", "asset_type": "stock_intl"}, "ASML@XAMS:EUR"),
        ({"symbol": "VOD", "currency": "GBP"}, "VOD@XLON:GBP"),
        ({"symbol": "COMP", "asset_type": "crypto"}, "COMP"),
        ({"symbol": "COMP", "asset_type": "stock_us"}, "COMP@XNAS:USD"),
        ({"symbol": "COMP", "mic": "XNAS"}, "COMP@XNAS:USD"),
    ],
)
def test_words_that_leave_one_instrument_mean_it(order: dict[str, str], instrument: str) -> None:
    """A symbol or ISIN, narrowed by exchange, currency and asset type, means the one instrument that is left."""
    assert meant(**order) == instrument


@pytest.mark.parametrize(
    ("order", "choices"),
    [
        ({"symbol": "ASML"}, ["ASML@XAMS:EUR (stock_intl)", "ASML@XNAS:USD (stock_us)"]),
        ({"symbol": "VOD", "mic": "XLON"}, ["VOD@XLON:GBP (stock_intl)", "VOD@XLON:USD (stock_intl)"]),
        ({"symbol": "COMP"}, ["COMP@XNAS:USD (stock_us)", "COMP (crypto)"]),
    ],
)
def test_an_ambiguous_symbol_is_an_error_with_its_choices(order: dict[str, str], choices: list[str]) -> None:
    """Where several instruments are left nothing is guessed: the error names the place and every choice (B14, F80)."""
    with pytest.raises(ProblemError) as caught:
        problem(**order)
    (violation,) = caught.value.violations
    assert (violation.table, violation.line, violation.column, violation.value) == (
        "orders",
        1,
        "symbol",
        repr(order["symbol"]),
    )
    for choice in choices:
        assert choice in violation.message


@pytest.mark.parametrize(
    ("order", "suggestion"),
    [
        ({"symbol": "AAPLE"}, "AAPL"),
        ({"symbol": "QQQQQQ"}, ""),
        ({"symbol": "AAPL", "mic": "XLON"}, "AAPL@XNAS:USD"),
        ({"symbol": "AAPL", "currency": "EUR"}, "AAPL@XNAS:USD"),
    ],
)
def test_an_unknown_symbol_is_backlog_with_the_nearest_known_one(order: dict[str, str], suggestion: str) -> None:
    """What no catalogue knows stops no other order: it is backlog, with the nearest known instrument (B13)."""
    batch = problem(**order)
    assert batch.instruments.at[0, "instrument"] == ""
    assert batch.instruments.at[0, "suggestion"] == suggestion
    backlog = solve(batch).backlog
    assert backlog["code"].tolist() == ["UNKNOWN_INSTRUMENT"]
    assert suggestion in backlog.at[0, "sentence"]
