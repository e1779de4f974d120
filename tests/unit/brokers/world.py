"""A small world of three brokers: what they list and quote, and what the desk has there."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from brokers.profiles import load_profiles
from brokers.simulated.connector import Latency
from brokers.simulated.exchange import SimulatedExchange
from brokers.simulated.fills import FillPlan
from brokers.simulated.market import simulated_market
from solver.cost import commission
from solver.domain import MICRO, Side
from solver.domain.amounts import ceil_scaled, from_scaled

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
AT_ONCE = Latency(0, 0)

_LISTING = (
    "broker,symbol,asset_type,mic,currency,broker_symbol,lot,min_quantity,min_notional,max_quantity,tick,"
    "fractional,tradable,shortable"
)
LISTINGS = """
ibkr,AAPL,stock_us,XNAS,USD,AAPL,1,1,0,5000,0.01,false,true,true
ibkr,ASML,stock_intl,XAMS,EUR,ASML,1,1,0,,0.1,false,true,true
ibkr,HALT,stock_us,XNAS,USD,HALT,1,1,0,,0.01,false,false,true
alpaca,AAPL,stock_us,XNAS,USD,AAPL,0.000000001,0,1,,0.01,true,true,true
alpaca,BTC,crypto,,USD,BTC/USD,0.000000001,0.000028257,10,,1,true,true,false
crypto_com,BTC,crypto,,USD,BTC_USD,0.00001,0.00001,0,,0.01,true,true,false
crypto_com,CRO,crypto,,USD,CRO_USD,1,1,0,,0.00001,false,true,false
"""
QUOTES = """
AAPL,XNAS,USD,199.98,200.00
ASML,XAMS,EUR,700.0,700.5
BTC,,USD,60000,60010
CRO,,USD,0.10000,0.10010
"""
BALANCES = """
ibkr,U1,USD,10000
ibkr,U1,EUR,10000
alpaca,PA1,USD,20000
crypto_com,main,USD,20000
"""
POSITIONS = """
alpaca,PA1,AAPL,10
ibkr,U1,ASML,5
crypto_com,main,BTC,0.5
"""


def table(header: str, rows: str) -> pd.DataFrame:
    return pd.DataFrame([line.split(",") for line in rows.split()], columns=header.split(","))


def listings_frame() -> pd.DataFrame:
    return table(_LISTING, LISTINGS)


def make_market(fill_plan: FillPlan | None = None) -> dict[str, SimulatedExchange]:
    """The three exchanges."""
    return simulated_market(
        load_profiles(),
        listings_frame(),
        table("symbol,mic,currency,bid,ask", QUOTES).assign(as_of=NOW.isoformat()),
        table("broker,account,currency,cash", BALANCES),
        table("broker,account,symbol,quantity", POSITIONS),
        fill_plan=fill_plan,
        clock=lambda: NOW,
    )


_PLACES = {
    ("ibkr", "AAPL"): ("U1", "XNAS", "USD", "stock_us", "AAPL"),
    ("ibkr", "ASML"): ("U1", "XAMS", "EUR", "stock_intl", "ASML"),
    ("alpaca", "AAPL"): ("PA1", "XNAS", "USD", "stock_us", "AAPL"),
    ("alpaca", "BTC"): ("PA1", "", "USD", "crypto", "BTC/USD"),
    ("crypto_com", "BTC"): ("main", "", "USD", "crypto", "BTC_USD"),
    ("crypto_com", "CRO"): ("main", "", "USD", "crypto", "CRO_USD"),
}


def route(
    order_id: str, broker: str, symbol: str, side: str, quantity: str, limit_price: str, **changes: Any
) -> dict[str, Any]:
    """One row of routes, with the capital that the order can draw at worst."""
    account, mic, currency, asset_type, broker_symbol = _PLACES[broker, symbol]
    units, price = Decimal(quantity), Decimal(limit_price)
    schedule = load_profiles()[broker].fee_schedule(asset_type, currency)
    fee = commission(schedule, quantity=units, price=price, side=Side(side))
    need = units * price + (0 if schedule.in_received_asset else fee)
    return {
        "order_id": order_id,
        "sleeve": "growth",
        "broker": broker,
        "account": account,
        "symbol": symbol,
        "mic": mic,
        "currency": currency,
        "asset_type": asset_type,
        "broker_symbol": broker_symbol,
        "side": side,
        "quantity": units,
        "order_type": "limit",
        "limit_price": price,
        "time_in_force": "gtc" if asset_type == "crypto" else "day",
        "required_capital": from_scaled(ceil_scaled(need, MICRO), MICRO) if side == "buy" else Decimal(0),
        "value": units * price,
        "rank": 1,
        **changes,
    }
