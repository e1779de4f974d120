"""Random desk problems: small tables of two or three brokers, stocks, funds and coins."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pandas as pd

from solver import Broker, FeeSchedule, Limits, Network, OrderRules, Policy, Problem, RoutingRule
from solver.domain.order import OrderType, TimeInForce
from solver.policy import DEFAULT_RULES

QUICK = Limits(seconds=20.0)
AS_OF = "2025-03-31T14:30:00Z"

SECURITIES = (
    ("AAA", "stock_us", "XNAS", "USD", "187.31"),
    ("BBB", "stock_us", "XNYS", "USD", "12.0725"),
    ("EEE", "etf_us", "ARCX", "USD", "501.4"),
    ("III", "stock_intl", "XPAR", "EUR", "73.5"),
    ("JJJ", "etf_intl", "XETR", "EUR", "98.762"),
)
COINS = (("BTC", "63250.5"), ("SOL", "141.07"), ("DUST", "0.00001234"))
CURRENCIES = {"ibkr": ("USD", "EUR"), "alpaca": ("USD", "USDC"), "crypto_com": ("USD", "USDT")}
RATES = (("USD", "EUR", "0.8642"), ("USDC", "EUR", "0.8639"), ("USDT", "EUR", "0.8637"))
FEES = (
    FeeSchedule(),
    FeeSchedule(per_unit=Decimal("0.005"), minimum=Decimal(1), maximum_bps=Decimal(100), sell_bps=Decimal("0.278")),
    FeeSchedule(rate_bps=Decimal(25), in_received_asset=True),
    FeeSchedule(rate_bps=Decimal(5), minimum=Decimal(3), maximum=Decimal(29)),
    FeeSchedule(rate_bps=Decimal("7.5")),
)


def random_problem(seed: int) -> Problem:
    """Return the desk problem of a seed."""
    rng = random.Random(seed)
    names = ["ibkr", "alpaca", "crypto_com"] if rng.random() < 0.7 else rng.sample(list(CURRENCIES), 2)
    accounts = {name: [f"{name}-{n}" for n in range(rng.choice((1, 1, 1, 2)))] for name in names}
    listings, quotes = _catalogue(rng, names)
    orders = [_order(rng, number, names, accounts) for number in range(rng.randint(1, 14))]
    return Problem.of(
        pd.DataFrame(orders),
        pd.DataFrame(listings, columns=list(LISTING)),
        pd.DataFrame(_balances(rng, accounts), columns=["broker", "account", "currency", "cash", "settled", "reserve"]),
        pd.DataFrame(_positions(rng, accounts), columns=["broker", "account", "symbol", "quantity", "mic", "currency"]),
        quotes=pd.DataFrame(quotes, columns=["symbol", "mic", "currency", "bid", "ask", "as_of", "broker"]),
        rates=pd.DataFrame(RATES if rng.random() < 0.9 else RATES[:1], columns=["from", "to", "rate"]).assign(
            as_of=AS_OF
        ),
        brokers={name: _broker(rng, name) for name in names},
        policy=_policy(rng, names, accounts),
        base_currency=rng.choice(("EUR", "EUR", "USD")),
    )


LISTING = [
    "broker",
    "symbol",
    "asset_type",
    "mic",
    "currency",
    "broker_symbol",
    "lot",
    "min_quantity",
    "min_notional",
    "max_quantity",
    "tick",
    "fractional",
    "tradable",
    "shortable",
]


def _catalogue(rng: random.Random, names: list[str]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    listings, quotes = [], []
    for symbol, kind, mic, currency, price in SECURITIES:
        for name in names:
            sells_it = (name == "ibkr") or (name == "alpaca" and currency == "USD")
            if sells_it and rng.random() < 0.95:
                lot = rng.choice(("1", "1", "0.000000001")) if name == "alpaca" else "1"
                listings.append(_listing(rng, name, symbol, kind, mic, currency, symbol, lot))
        if rng.random() < 0.95:
            quotes.append(_quote(rng, symbol, mic, currency, price, ""))
    for symbol, price in COINS:
        for name in names:
            for currency in CURRENCIES[name]:
                if name == "ibkr" or rng.random() < 0.25:
                    continue
                lot = rng.choice(("0.00001", "0.00001", "0.001", "1"))
                listings.append(_listing(rng, name, symbol, "crypto", "", currency, f"{symbol}/{currency}", lot))
                if rng.random() < 0.95:
                    quotes.append(_quote(rng, symbol, "", currency, price, rng.choice((name, name, ""))))
    unique = {(row[6], row[0], row[1], row[2]): row for row in quotes}
    return listings, list(unique.values())


def _listing(rng: random.Random, name: str, symbol: str, kind: str, mic: str, currency: str, own: str, lot: str) -> Any:
    least = rng.choice(("0", "0", "0", lot, "1"))
    most = rng.choice(("", "", "", "", "1000000", "40"))
    worth = rng.choice(("0", "0", "0", "1", "10", "200"))
    tick = rng.choice(("0.01", "0.0001", "0.05")) if kind != "crypto" else rng.choice(("0.00000001", "0.01"))
    tradable = "false" if rng.random() < 0.05 else "true"
    return (name, symbol, kind, mic, currency, own, lot, least, worth, most, tick, "true", tradable, "false")


def _quote(rng: random.Random, symbol: str, mic: str, currency: str, price: str, broker: str) -> Any:
    bid = Decimal(price) * Decimal(rng.randint(9_900, 10_100)) / 10_000
    ask = bid * Decimal(rng.randint(10_000, 10_030)) / 10_000
    return (symbol, mic, currency, f"{bid:.8f}", f"{max(ask, bid):.8f}", AS_OF, broker)


def _order(rng: random.Random, number: int, names: list[str], accounts: dict[str, list[str]]) -> dict[str, str]:
    order = {"order_id": f"o{number}", "side": "buy" if rng.random() < 0.8 else "sell", "quantity": "", "notional": ""}
    draw = rng.random()
    if draw < 0.7:
        symbol, kind, mic, currency, price = rng.choice(SECURITIES)
        order |= {"symbol": symbol, "mic": rng.choice(("", mic)), "currency": rng.choice(("", currency))}
    elif draw < 0.97:
        kind, (symbol, price) = "crypto", rng.choice(COINS)
        order |= {"symbol": symbol, "currency": rng.choice(("", "USD", "USDC|USD", "USD|USDC|USDT"))}
    else:
        kind, price = "other", "1"
        order |= {"symbol": "ZZZ"}
    worth = Decimal(rng.choice(("3", "400", "900", "1500", "2500", "4000", "4000", "7000", "20000")))
    if rng.random() < 0.5:
        order["notional"] = str(worth + rng.randint(0, 99) / Decimal(100))
    else:
        decimals = rng.choice((0, 0, 2, 6))
        order["quantity"] = str(max(round(worth / Decimal(price), decimals), Decimal(1).scaleb(-decimals)))
    if rng.random() < 0.3:
        limit = Decimal(price) * Decimal(rng.randint(9_700, 10_300)) / 10_000
        order |= {"order_type": "limit", "limit_price": f"{limit:.8f}"}
    order["asset_type"] = kind if rng.random() < 0.3 and kind != "other" else ""
    order["sleeve"] = rng.choice(("", "growth", "income"))
    order["priority"] = str(rng.choice((1, 1, 2, 3)))
    order["time_in_force"] = rng.choice(("", "", "", "day", "gtc"))
    if rng.random() < 0.06:
        order["account"] = rng.choice(accounts[rng.choice(names)])
    if rng.random() < 0.07:
        order["pin"] = rng.choice(names)
    elif rng.random() < 0.07:
        order["forbid"] = rng.choice(names)
    return order


def _balances(rng: random.Random, accounts: dict[str, list[str]]) -> list[tuple[str, ...]]:
    rows = []
    for name, own in accounts.items():
        for account in own:
            for currency in CURRENCIES[name]:
                if rng.random() < 0.9:
                    cash = rng.choice(("0", "-25.5", "950", "4000", "6500", "9000.123456789", "9000", "30000"))
                    settled, reserve = rng.choice(("", "", "", "", "2500")), rng.choice(("", "", "", "100", "5000"))
                    rows.append((name, account, currency, cash, settled, reserve))
    return rows


def _positions(rng: random.Random, accounts: dict[str, list[str]]) -> list[tuple[str, ...]]:
    rows = []
    for name, own in accounts.items():
        for account in own:
            for symbol, _, mic, currency, _ in SECURITIES:
                if name != "crypto_com" and rng.random() < 0.5:
                    place = (mic, currency) if rng.random() < 0.7 else ("", "")
                    rows.append((name, account, symbol, rng.choice(("-3", "0", "12", "40.5", "600")), *place))
            for symbol, _ in COINS:
                if name != "ibkr" and rng.random() < 0.5:
                    rows.append((name, account, symbol, rng.choice(("0.1", "3.123456", "50000000")), "", ""))
    return rows


def _broker(rng: random.Random, name: str) -> Broker:
    every = frozenset(TimeInForce)
    kinds = ("crypto",) if name == "crypto_com" else ("stock_us", "etf_us", "stock_intl", "etf_intl", "other")
    if name == "alpaca":
        kinds = ("stock_us", "etf_us", "crypto")
    rules = OrderRules(
        order_types=frozenset(OrderType) if rng.random() < 0.9 else frozenset({OrderType.MARKET}),
        times_in_force=every if rng.random() < 0.95 else frozenset({TimeInForce.DAY}),
        fractional_times_in_force=rng.choice((every, frozenset({TimeInForce.DAY, TimeInForce.GTC}), frozenset())),
    )
    return Broker(
        name=name,
        title=name.title(),
        rules=dict.fromkeys(kinds, rules),
        fees={(kind, "*"): rng.choice(FEES) for kind in kinds},
        is_up=rng.random() < 0.93,
    )


def _policy(rng: random.Random, names: list[str], accounts: dict[str, list[str]]) -> Policy:
    known = [_without_unknown(rule, names) for rule in DEFAULT_RULES]
    if rng.random() < 0.3:
        known.append(RoutingRule(sleeve="income", fallbacks=()))
    if rng.random() < 0.2:
        known.append(RoutingRule(sleeve="growth", asset_type="crypto", forbid=(rng.choice(names),)))
    if rng.random() < 0.3:
        known.append(RoutingRule(symbol="AAA", brokers=tuple(rng.sample(names, 2)), fallbacks=()))
    bound = {}
    if rng.random() < 0.2:
        name = rng.choice(names)
        bound[rng.choice(("growth", "income")), name] = rng.choice(accounts[name])
    return Policy(rules=tuple(known), rank_step_bps=rng.choice((100, 1, 0, 2500)), sleeve_accounts=bound)


def _without_unknown(rule: RoutingRule, names: list[str]) -> RoutingRule:
    def known(brokers: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if brokers is None else tuple(name for name in brokers if name in names)

    return replace(rule, brokers=known(rule.brokers), fallbacks=known(rule.fallbacks))


def optimum_of(network: Network) -> int:
    """Return the best score of a network by brute force over its columns."""
    best = {(0,) * network.n_rows: 0}
    arcs: dict[int, list[int]] = {}
    for arc, order in enumerate(network.order.tolist()):
        arcs.setdefault(order, []).append(arc)
    capacity = network.capacity.tolist()
    for own in arcs.values():
        grown = dict(best)
        for arc in own:
            for used, score in best.items():
                drawn = list(used)
                for row, need in network.entries(arc):
                    drawn[row] += need
                if all(amount <= limit for amount, limit in zip(drawn, capacity, strict=True)):
                    worth = score + int(network.score[arc])
                    grown[tuple(drawn)] = max(grown.get(tuple(drawn), -1), worth)
        best = grown
    return max(best.values())
