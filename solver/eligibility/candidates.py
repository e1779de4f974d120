"""Every way an order could go, and which of them the order, the policy and the broker's rules leave open."""

from __future__ import annotations

import numpy as np
import pandas as pd

from solver.domain.amounts import MICRO, PICO
from solver.domain.instrument import AssetType, instrument_key
from solver.domain.order import OrderType, Side, TimeInForce
from solver.domain.reason import ReasonCode
from solver.eligibility.columns import objects, scaled, strike
from solver.policy import Ranking
from solver.problem import Problem


def order_columns(problem: Problem) -> pd.DataFrame:
    """Return the orders with their instrument and with their amounts as integers."""
    given = problem.orders
    orders = pd.DataFrame({"order": np.arange(len(given)), "order_id": given["order_id"].to_numpy(object)})
    for column in ("instrument", "asset_type", "suggestion"):
        orders[column] = problem.instruments[column].to_numpy(object)
    for column in ("sleeve", "account", "pin", "symbol"):
        orders[column] = given[column].to_numpy(object)
    orders["forbid"] = [frozenset(cell.split("|")) if cell else frozenset() for cell in given["forbid"]]
    orders["is_buy"] = (given["side"] == Side.BUY).to_numpy(bool)
    orders["is_market"] = (given["order_type"] == OrderType.MARKET).to_numpy(bool)
    orders["order_type"] = given["order_type"].to_numpy(object)
    crypto = (orders["asset_type"] == AssetType.CRYPTO).to_numpy(bool)
    orders["time_in_force"] = [
        own or default_time_in_force(kind)
        for own, kind in zip(given["time_in_force"], orders["asset_type"], strict=True)
    ]
    orders["quantity"] = scaled(given["quantity"], PICO)
    orders["notional"] = scaled(given["notional"], MICRO)
    orders["limit"] = scaled(given["limit_price"], PICO)
    quotes = problem.policy.default_quotes
    orders["quotes"] = [
        (tuple(cell.split("|")) if cell else quotes) if coin else ()
        for cell, coin in zip(given["currency"], crypto, strict=True)
    ]
    weights = {tier: problem.policy.tier_weight(int(tier)) for tier in given["priority"].unique()}
    orders["weight"] = [weights[tier] for tier in given["priority"]]
    return orders


def default_time_in_force(asset_type: str) -> str:
    """Return the time in force of an order that names none: a coin's market has no day."""
    return str(TimeInForce.GTC if asset_type == AssetType.CRYPTO else TimeInForce.DAY)


def candidates(problem: Problem, orders: pd.DataFrame) -> pd.DataFrame:
    """Return every (order, listing, account): all listings of the instrument in a currency that the order accepts."""
    listings = problem.listings
    catalogue = pd.DataFrame(
        {
            # An empty list alone would make a column of numbers.
            "instrument": objects(
                [
                    instrument_key(*row)
                    for row in listings[["symbol", "mic", "currency", "asset_type"]].itertuples(index=False, name=None)
                ]
            ),
            "listing": np.arange(len(listings)),
        }
    )
    for column in ("broker", "currency", "broker_symbol", "symbol", "mic", "isin"):
        catalogue[column] = listings[column].to_numpy(object)
    for column in ("tradable", "fractional"):
        catalogue[column] = listings[column].to_numpy(bool)
    for column in ("lot", "min_quantity", "max_quantity", "tick"):
        catalogue[column] = scaled(listings[column], PICO)
    catalogue["min_notional"] = scaled(listings["min_notional"], MICRO)
    wanted = orders.loc[orders["instrument"] != "", ["order", "instrument", "quotes"]]
    arcs = wanted.merge(catalogue, on="instrument", how="inner")
    accepted = [
        quotes.index(currency) if currency in quotes else (-1 if quotes else 0)
        for quotes, currency in zip(arcs["quotes"], arcs["currency"], strict=True)
    ]
    arcs["wish"] = np.array(accepted, dtype=np.int64)
    arcs = arcs[arcs["wish"] >= 0].drop(columns="quotes")
    arcs = _with_accounts(problem, orders, arcs)
    order = arcs["order"].to_numpy(np.int64)
    for column in ("asset_type", "sleeve"):
        arcs[column] = orders[column].to_numpy(object)[order]
    for column, default in (
        ("code", ""),
        ("needed", None),
        ("available", None),
        ("unit", ""),
        ("detail", ""),
    ):
        arcs[column] = pd.Series([default] * len(arcs), dtype=object, index=arcs.index)
    return arcs


def _with_accounts(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> pd.DataFrame:
    """Return one candidate for every account that the order may use at the broker."""
    accounts = {broker: problem.accounts(broker) for broker in problem.brokers}
    bound = problem.policy.sleeve_accounts
    own, sleeve = orders["account"].to_numpy(object), orders["sleeve"].to_numpy(object)
    elsewhere = {account: broker for broker, names in accounts.items() for account in names if account}
    choices: list[tuple[str, ...]] = []
    for order, broker in zip(arcs["order"], arcs["broker"], strict=True):
        if own[order] and elsewhere.get(own[order]) == broker:
            choices.append((own[order],))
        elif (sleeve[order], broker) in bound:
            choices.append((bound[sleeve[order], broker],))
        else:
            choices.append(accounts[broker])
    return arcs.assign(account=choices).explode("account", ignore_index=True)


def screen_wishes(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> None:
    """Strike out brokers that the order or the policy leaves out, and note the rank of the others."""
    order = arcs["order"].to_numpy(np.int64)
    keys = list(
        zip(
            orders["sleeve"].to_numpy(object)[order],
            orders["asset_type"].to_numpy(object)[order],
            arcs["symbol"],
            arcs["mic"],
            arcs["currency"],
            strict=True,
        )
    )
    rankings = {key: problem.policy.ranking(*key) for key in dict.fromkeys(keys)}
    place = {key: {broker: at for at, broker in enumerate(rankings[key].brokers)} for key in rankings}
    arcs["choice"] = np.array(
        [place[key].get(broker, -1) for key, broker in zip(keys, arcs["broker"], strict=True)], dtype=np.int64
    )
    arcs["rule"] = [rankings[key].rule for key in keys]
    pin, forbid = orders["pin"].to_numpy(object)[order], orders["forbid"].to_numpy(object)[order]
    broker = arcs["broker"].to_numpy(object)
    own = orders["account"].to_numpy(object)[order]
    forbidden = np.array([name in names for name, names in zip(broker, forbid, strict=True)], dtype=bool)
    strike(arcs, forbidden, ReasonCode.FORBIDDEN_BY_USER, detail="the order forbids this broker")
    strike(
        arcs,
        (pin != "") & (pin != broker),
        ReasonCode.FORBIDDEN_BY_USER,
        detail="the order is pinned elsewhere",
    )
    wrong_account = (own != "") & (own != arcs["account"].to_numpy(object))
    strike(arcs, wrong_account, ReasonCode.FORBIDDEN_BY_USER, detail="the order names an account elsewhere")
    details = [_exclusion_by_rule(rankings[key], name) for key, name in zip(keys, broker, strict=True)]
    pinned = (pin != "") & (pin == broker)
    strike(arcs, (arcs["choice"].to_numpy() < 0) & ~pinned, ReasonCode.NOT_PREFERRED, detail=details)
    arcs.loc[pinned & (arcs["choice"] < 0).to_numpy(), "choice"] = 0


def _exclusion_by_rule(ranking: Ranking, broker: str) -> str:
    if broker in ranking.forbidden:
        return f"forbidden by rule: {ranking.forbidden[broker]}"
    return f"not among the brokers by rule: {ranking.rule}"


def screen_order_rules(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> None:
    """Strike out brokers that are down, do not trade the listing now, or do not take this kind of order."""
    order = arcs["order"].to_numpy(np.int64)
    down = ~arcs["broker"].map({name: broker.is_up for name, broker in problem.brokers.items()}).to_numpy(bool)
    strike(arcs, down, ReasonCode.BROKER_DOWN)
    strike(arcs, ~arcs["tradable"].to_numpy(bool), ReasonCode.NOT_PERMITTED, detail="listed but not tradable now")
    kinds = list(
        zip(
            arcs["broker"],
            orders["asset_type"].to_numpy(object)[order],
            orders["order_type"].to_numpy(object)[order],
            orders["time_in_force"].to_numpy(object)[order],
            strict=True,
        )
    )
    verdict = {kind: _order_rule_flaw(problem, *kind) for kind in dict.fromkeys(kinds)}
    flaws = [verdict[kind] for kind in kinds]
    strike(arcs, np.array([bool(f) for f in flaws], dtype=bool), ReasonCode.ORDER_TYPE_UNSUPPORTED, detail=flaws)
    elsewhere = ~orders["is_market"].to_numpy(bool)[order] & (arcs["wish"].to_numpy() > 0)
    strike(
        arcs,
        elsewhere,
        ReasonCode.ORDER_TYPE_UNSUPPORTED,
        detail="the limit price is in the first accepted currency",
    )


def _order_rule_flaw(problem: Problem, broker: str, asset_type: str, order_type: str, time_in_force: str) -> str:
    rules = problem.brokers[broker].rules.get(asset_type)
    if rules is None:
        return f"does not take orders in {asset_type}"
    if order_type not in rules.order_types:
        return f"does not take {order_type} orders in {asset_type}"
    if time_in_force not in rules.times_in_force:
        return f"does not take time in force {time_in_force} in {asset_type}"
    return ""
