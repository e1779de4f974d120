"""From a problem to a network: an arc for every possible way, a reason for every impossible one.

`compile_problem` tells the story; each step below it adds columns to one table of candidate arcs (an order at a
listing in an account) or strikes candidates out with a code. Integers from here on: quantities and prices in
pico-units, money in micro-units (see `solver.domain.amounts`), as object columns of Python integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from solver import cost
from solver.domain.amounts import MICRO, PICO, exact_scaled, floor_scaled
from solver.domain.instrument import AssetType, instrument_key
from solver.domain.order import OrderType, Side, TimeInForce
from solver.domain.reason import ReasonCode
from solver.network import Network, RowKind
from solver.policy import Ranking
from solver.problem import Problem

POINT = 10_000
"""Micro-units of base currency in one point: a score of 1 is one hundredth of base currency routed to the first
choice at weight one."""

Integers = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Eligibility:
    """A compiled problem.

    Attributes
    ----------
    network : Network
    arcs : DataFrame, length n_arcs
        What each arc of the network means, in its order.
    rows : DataFrame, length n_rows
        What each row of the network means: ``kind, broker, account, currency, instrument, units`` (how many units of
        the row one unit of currency or instrument is, as a Fraction), ``held, reserve, capacity`` (Decimal).
    exclusions : DataFrame
        ``order`` (index), ``broker``, ``code``, ``needed``, ``available``, ``unit``, ``detail`` of every
        (order, broker) without an arc.
    value : object array of int, shape (n_orders,)
        Value of each order [micro-units of base currency]; 0 where no price is known.
    """

    network: Network
    arcs: pd.DataFrame
    rows: pd.DataFrame
    exclusions: pd.DataFrame
    value: Integers


def compile_problem(problem: Problem) -> Eligibility:
    """Return the network of a problem, with what its arcs and rows mean and why other ways are impossible."""
    orders = order_columns(problem)
    arcs = candidates(problem, orders)
    screen_wishes(problem, orders, arcs)
    screen_order_rules(problem, orders, arcs)
    price_arcs(problem, orders, arcs)
    value = order_values(orders, arcs)
    size_arcs(problem, orders, arcs)
    score_arcs(problem, orders, arcs, value)
    kept = arcs[arcs["code"] == ""].sort_values(["order", "choice", "wish"], kind="stable", ignore_index=True)
    rows = limited_rows(problem, kept)
    network = build_network(problem, orders, kept, rows)
    return Eligibility(network, kept, rows, exclusions(problem, orders, arcs), value)


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
    orders["quantity"] = _scaled(given["quantity"], PICO)
    orders["notional"] = _scaled(given["notional"], MICRO)
    orders["limit"] = _scaled(given["limit_price"], PICO)
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
            "instrument": [
                instrument_key(*row)
                for row in listings[["symbol", "mic", "currency", "asset_type"]].itertuples(index=False, name=None)
            ],
            "listing": np.arange(len(listings)),
        }
    )
    for column in ("broker", "currency", "broker_symbol", "symbol", "mic"):
        catalogue[column] = listings[column].to_numpy(object)
    for column in ("tradable", "fractional"):
        catalogue[column] = listings[column].to_numpy(bool)
    for column in ("lot", "min_quantity", "max_quantity", "tick"):
        catalogue[column] = _scaled(listings[column], PICO)
    catalogue["min_notional"] = _scaled(listings["min_notional"], MICRO)
    wanted = orders.loc[orders["instrument"] != "", ["order", "instrument", "quotes"]]
    arcs = wanted.merge(catalogue, on="instrument", how="inner")
    accepted = [
        quotes.index(currency) if currency in quotes else (-1 if quotes else 0)
        for quotes, currency in zip(arcs["quotes"], arcs["currency"], strict=True)
    ]
    arcs["wish"] = np.array(accepted, dtype=np.int64)
    arcs = arcs[arcs["wish"] >= 0].drop(columns="quotes")
    arcs = _with_accounts(problem, orders, arcs)
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
    _strike(arcs, forbidden, ReasonCode.FORBIDDEN_BY_USER, detail="the order forbids this broker")
    _strike(
        arcs,
        (pin != "") & (pin != broker),
        ReasonCode.FORBIDDEN_BY_USER,
        detail="the order is pinned elsewhere",
    )
    wrong_account = (own != "") & (own != arcs["account"].to_numpy(object))
    _strike(arcs, wrong_account, ReasonCode.FORBIDDEN_BY_USER, detail="the order names an account elsewhere")
    details = [_exclusion_by_rule(rankings[key], name) for key, name in zip(keys, broker, strict=True)]
    pinned = (pin != "") & (pin == broker)
    _strike(arcs, (arcs["choice"].to_numpy() < 0) & ~pinned, ReasonCode.NOT_PREFERRED, detail=details)
    arcs.loc[pinned & (arcs["choice"] < 0).to_numpy(), "choice"] = 0


def _exclusion_by_rule(ranking: Ranking, broker: str) -> str:
    verb = "forbidden" if broker in ranking.forbidden else "not among the brokers"
    return f"{verb} by rule: {ranking.rule}"


def screen_order_rules(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> None:
    """Strike out brokers that are down, do not trade the listing now, or do not take this kind of order."""
    order = arcs["order"].to_numpy(np.int64)
    down = ~arcs["broker"].map({name: broker.is_up for name, broker in problem.brokers.items()}).to_numpy(bool)
    _strike(arcs, down, ReasonCode.BROKER_DOWN)
    _strike(arcs, ~arcs["tradable"].to_numpy(bool), ReasonCode.NOT_PERMITTED, detail="listed but not tradable now")
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
    _strike(arcs, np.array([bool(f) for f in flaws], dtype=bool), ReasonCode.ORDER_TYPE_UNSUPPORTED, detail=flaws)
    elsewhere = ~orders["is_market"].to_numpy(bool)[order] & (arcs["wish"].to_numpy() > 0)
    _strike(
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


def price_arcs(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> None:
    """Give every candidate its reference price, price bound and rate into the base currency; strike out the others."""
    quotes = {
        (row.broker, row.symbol, row.mic, row.currency): (row.bid, row.ask)
        for row in problem.quotes.itertuples(index=False)
    }
    rates = _rates_to_base(problem)
    order = arcs["order"].to_numpy(np.int64)
    is_buy, is_market = orders["is_buy"].to_numpy(bool)[order], orders["is_market"].to_numpy(bool)[order]
    limit = orders["limit"].to_numpy(object)[order]
    reference: list[int] = []
    words = zip(arcs["broker"], arcs["symbol"], arcs["mic"], arcs["currency"], is_buy, limit, strict=True)
    for broker, symbol, mic, currency, buys, own_limit in words:
        quote = quotes.get((broker, symbol, mic, currency)) or quotes.get(("", symbol, mic, currency))
        if own_limit:
            reference.append(own_limit)
        else:
            reference.append(exact_scaled(quote[1 if buys else 0], PICO) if quote else 0)
    arcs["reference"] = _objects(reference)
    arcs["rate"] = _objects([rates.get(currency, 0) for currency in arcs["currency"]])
    asset_type = orders["asset_type"].to_numpy(object)[order]
    collar = np.array([problem.policy.collar_bps(kind) for kind in asset_type], dtype=object)
    tick = arcs["tick"].to_numpy(object)
    bound = cost.price_bound(is_buy, is_market, arcs["reference"].to_numpy(object), limit, collar, tick)
    arcs["bound"] = _objects(bound.tolist())
    arcs["is_buy"] = is_buy
    _strike(arcs, (arcs["reference"] == 0).to_numpy(bool), ReasonCode.NO_QUOTE, detail="no price")
    no_rate = [f"no rate from {currency} to {problem.base_currency}" for currency in arcs["currency"]]
    _strike(arcs, (arcs["rate"] == 0).to_numpy(bool), ReasonCode.NO_QUOTE, detail=no_rate)
    below_tick = (arcs["bound"] == 0).to_numpy(bool)
    _strike(arcs, below_tick, ReasonCode.ORDER_TYPE_UNSUPPORTED, detail="the price is below one tick")


def order_values(orders: pd.DataFrame, arcs: pd.DataFrame) -> Integers:
    """Return each order's value: its notional, or its quantity at the price of its first choice.

    One value an order, so that a dearer broker does not look more valuable; 0 where no candidate has a price.

    Returns
    -------
    object array of int, shape (n_orders,)
        Micro-units of base currency.
    """
    value = np.zeros(len(orders), dtype=object)
    priced = arcs[(arcs["reference"] != 0) & (arcs["rate"] != 0)]
    ranked = priced.assign(rank=priced["choice"].where(priced["choice"] >= 0, 10**6)).sort_values(
        ["order", "rank", "wish"], kind="stable"
    )
    quantity, notional = orders["quantity"].to_numpy(object), orders["notional"].to_numpy(object)
    columns = ranked.drop_duplicates("order")[["order", "reference", "rate"]]
    for order, reference, rate in columns.itertuples(index=False, name=None):
        if quantity[order]:
            value[order] = cost.trade_value(quantity[order], reference) * rate // PICO
        else:
            value[order] = notional[order] * rate // PICO
    return value


def size_arcs(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> None:
    """Round every candidate to the broker's lots and strike out those outside its sizes.

    A quantity is rounded down. A notional buys as many lots as it pays for at the price bound, sells as many as it
    is worth at the reference price.
    """
    order = arcs["order"].to_numpy(np.int64)
    asked, notional = orders["quantity"].to_numpy(object)[order], orders["notional"].to_numpy(object)[order]
    lot = _lots(problem, orders, arcs)
    sizing = np.where(arcs["is_buy"], arcs["bound"], arcs["reference"])
    sizing = np.maximum(sizing, 1)
    first_rate = _first_rate(arcs)
    rate = np.maximum(arcs["rate"].to_numpy(object), 1)
    spent = notional * first_rate // rate
    by_notional = cost.lots_of_notional(spent, sizing, lot) * lot
    child = np.where(asked > 0, asked // lot * lot, by_notional)
    arcs["child"] = _objects(child.tolist())
    arcs["asked"] = _objects(np.where(asked > 0, asked, spent * (PICO * PICO // MICRO) // sizing).tolist())
    worth = cost.trade_value(child, arcs["reference"].to_numpy(object))
    least = np.maximum(arcs["min_quantity"].to_numpy(object), lot)
    _strike_size(arcs, child < least, ReasonCode.BELOW_MIN_QUANTITY, least, arcs["asked"], PICO, arcs["symbol"])
    floor = arcs["min_notional"].to_numpy(object)
    floored = arcs["is_buy"].to_numpy(bool) & (worth < floor)
    _strike_size(arcs, floored, ReasonCode.BELOW_MIN_NOTIONAL, floor, worth, MICRO, arcs["currency"])
    most = arcs["max_quantity"].to_numpy(object)
    above = (most > 0) & (child > most)
    _strike_size(arcs, above, ReasonCode.ABOVE_MAX_SIZE, child, most, PICO, arcs["symbol"])


def _lots(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> Integers:
    """Return the step of every candidate's quantity: whole units where the broker takes no fraction in this time."""
    order = arcs["order"].to_numpy(np.int64)
    kinds = zip(
        arcs["broker"],
        orders["asset_type"].to_numpy(object)[order],
        orders["time_in_force"].to_numpy(object)[order],
        arcs["lot"],
        strict=True,
    )
    lots = []
    for broker, asset_type, time_in_force, lot in kinds:
        rules = problem.brokers[broker].rules.get(asset_type)
        whole = rules is not None and time_in_force not in rules.fractional_times_in_force
        lots.append(max(lot, PICO) if whole else lot)
    return _objects(lots)


def _first_rate(arcs: pd.DataFrame) -> Integers:
    """Return the rate of the currency a notional is stated in: the order's first accepted one, else the arc's own."""
    known = arcs[arcs["wish"] == 0].drop_duplicates("order").set_index("order")["rate"]
    own = arcs["rate"].to_numpy(object)
    first = arcs["order"].map(known).to_numpy(object)
    return _objects([rate if pd.isna(lead) else lead for lead, rate in zip(first, own, strict=True)])


def score_arcs(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame, value: Integers) -> None:
    """Give every candidate its requirement, expected cost, rank among the eligible brokers, and score.

    The score is the weight times the routed value times the points of the rank, less the expected cost, in points;
    one rounding, after which everything is exact.
    """
    policy = problem.policy
    order = arcs["order"].to_numpy(np.int64)
    child, asked = arcs["child"].to_numpy(object), np.maximum(arcs["asked"].to_numpy(object), 1)
    arcs["need"], fee = _requirements(problem, orders, arcs)
    arcs["value"] = _objects((value[order] * np.minimum(child, asked) // asked).tolist())
    arcs["cost"] = _objects((cost.ceil_div(fee * arcs["rate"].to_numpy(object), PICO) + _dearer(arcs)).tolist())
    alive = arcs[arcs["code"] == ""]
    arcs["rank"] = (alive.groupby("order")["choice"].rank("dense").astype(int) - 1).reindex(arcs.index, fill_value=0)
    points = policy.first_choice_bps - policy.rank_step_bps * arcs["rank"].to_numpy(object)
    weighted_cost = cost.round_div(
        arcs["cost"].to_numpy(object) * policy.cost_weight.numerator, policy.cost_weight.denominator
    )
    net = arcs["value"].to_numpy(object) * points - weighted_cost * cost.BASIS_POINT
    numerator, denominator = _fractions(orders["weight"].to_numpy(object)[order])
    score = cost.round_div(net * numerator, denominator * cost.BASIS_POINT * POINT)
    arcs["score"] = _objects(np.asarray(score, dtype=object).tolist())
    _strike(arcs, (arcs["score"] <= 0).to_numpy(bool), ReasonCode.NOT_WORTHWHILE)


def _requirements(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> tuple[Integers, Integers]:
    """Return the capital needed by each candidate and its expected fee, both in micro-units of its currency."""
    need, fee = np.zeros(len(arcs), dtype=object), np.zeros(len(arcs), dtype=object)
    asset_type = orders["asset_type"].to_numpy(object)[arcs["order"].to_numpy(np.int64)]
    groups = arcs.assign(asset_type=asset_type).groupby(["broker", "asset_type", "currency"], sort=False)
    for (broker, kind, currency), part in groups:
        at = arcs.index.get_indexer(part.index)
        schedule = problem.brokers[broker].fee_schedule(kind, currency)
        child, is_sell = part["child"].to_numpy(object), ~part["is_buy"].to_numpy(bool)
        need[at] = cost.required_capital(schedule, child, part["bound"].to_numpy(object), is_sell)
        fee[at] = cost.commission_micro(schedule, child, part["reference"].to_numpy(object), is_sell)
    return need, fee


def _dearer(arcs: pd.DataFrame) -> Integers:
    """Return what each candidate pays more, or brings less, than the order's best price [micro-units of base]."""
    price = cost.ceil_div(arcs["reference"].to_numpy(object) * arcs["rate"].to_numpy(object), PICO)
    frame = pd.DataFrame({"order": arcs["order"], "price": price, "alive": arcs["code"] == ""})
    alive = frame[frame["alive"]].groupby("order")["price"]
    best_buy, best_sell = frame["order"].map(alive.min()), frame["order"].map(alive.max())
    best = np.where(arcs["is_buy"], best_buy, best_sell)
    best = _objects([own if pd.isna(other) else other for other, own in zip(best, price, strict=True)])
    return _objects(cost.trade_value(arcs["child"].to_numpy(object), abs(price - best)).tolist())


def limited_rows(problem: Problem, arcs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the network: every pool that is known or drawn on, then every holding that is sold from."""
    balances = problem.balances.set_index(["broker", "account", "currency"])
    buys, sells = arcs[arcs["is_buy"]], arcs[~arcs["is_buy"]]
    pools = dict.fromkeys(balances.index)
    pools.update(dict.fromkeys(buys[["broker", "account", "currency"]].itertuples(index=False, name=None)))
    rows: list[dict[str, Any]] = []
    for pool in pools:
        cash, reserve = (balances.at[pool, "cash"], balances.at[pool, "reserve"]) if pool in balances.index else (0, 0)
        settled = balances.at[pool, "settled"] if pool in balances.index else None
        usable = cash if settled is None else min(cash, settled)
        free = max(usable - (reserve or 0), Decimal(0))
        rows.append(_row(RowKind.CAPITAL, *pool, "", Fraction(MICRO), Decimal(cash), Decimal(reserve or 0), free))
    held = _holdings(problem)
    for holding, group in sells.groupby(["broker", "account", "instrument"], sort=True):
        step = int(np.gcd.reduce(group["child"].to_numpy(object)))
        quantity = held.get(holding, Decimal(0))
        broker, account, instrument = holding
        free = max(quantity, Decimal(0))
        units = Fraction(PICO, max(step, 1))
        rows.append(_row(RowKind.CUSTODY, broker, account, "", instrument, units, quantity, Decimal(0), free))
    columns = ["kind", "broker", "account", "currency", "instrument", "units", "held", "reserve", "capacity"]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _row(kind: RowKind, *cells: Any) -> dict[str, Any]:
    names = ("broker", "account", "currency", "instrument", "units", "held", "reserve", "capacity")
    return {"kind": kind, **dict(zip(names, cells, strict=True))}


def build_network(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame, rows: pd.DataFrame) -> Network:
    """Return the columns of the network: a buy draws on its pool, a sell on its holding."""
    row_of = {
        (row.kind, row.broker, row.account, row.currency or row.instrument): at
        for at, row in enumerate(rows.itertuples(index=False))
    }
    drawn, need = [], []
    columns = ["is_buy", "broker", "account", "currency", "instrument", "need", "child"]
    for is_buy, broker, account, currency, instrument, money, child in arcs[columns].itertuples(index=False, name=None):
        kind = RowKind.CAPITAL if is_buy else RowKind.CUSTODY
        row = row_of[kind, broker, account, currency if is_buy else instrument]
        units = rows.at[row, "units"]
        drawn.append(row)
        need.append(int(money if is_buy else child * units.numerator // (units.denominator * PICO)))
    brokers = {name: at for at, name in enumerate(problem.brokers)}
    return Network.from_columns(
        n_orders=len(orders),
        order=arcs["order"].to_numpy(np.int64),
        score=arcs["score"].to_numpy(object),
        entry_start=np.arange(len(arcs) + 1),
        entry_row=np.array(drawn, dtype=np.int64),
        entry_need=np.array(need, dtype=object),
        capacity=np.array(
            [
                floor_scaled(capacity * units.numerator, 1) // units.denominator
                for capacity, units in zip(rows["capacity"], rows["units"], strict=True)
            ],
            dtype=object,
        ),
        row_kind=rows["kind"].to_numpy(np.int64),
        broker=arcs["broker"].map(brokers).to_numpy(np.int64),
        preference=(arcs.groupby("order").cumcount()).to_numpy(np.int64),
        tier=problem.orders["priority"].to_numpy(np.int64),
        tie_rank=_tie_rank(problem),
    )


def exclusions(problem: Problem, orders: pd.DataFrame, arcs: pd.DataFrame) -> pd.DataFrame:
    """Return one reason for every (order, broker) without an arc: that of the candidate which came furthest."""
    columns = ["order", "broker", "code", "needed", "available", "unit", "detail"]
    struck = arcs[arcs["code"] != ""]
    served = set(arcs.loc[arcs["code"] == "", ["order", "broker"]].itertuples(index=False, name=None))
    furthest = list(ReasonCode)
    depth = struck["code"].map({str(code): at for at, code in enumerate(furthest)})
    struck = struck.assign(depth=depth).sort_values(["order", "depth"], ascending=[True, False], kind="stable")
    rows = {
        (row[0], row[1]): row
        for row in struck.drop_duplicates(["order", "broker"])[columns].itertuples(index=False, name=None)
    }
    found = []
    words = zip(orders["order"], orders["instrument"], orders["suggestion"], strict=True)
    for order, instrument, suggestion in words:
        if not instrument:
            detail = f"nearest known: {suggestion}" if suggestion else ""
            found.append((order, "", str(ReasonCode.UNKNOWN_INSTRUMENT), None, None, "", detail))
            continue
        for broker in problem.brokers:
            if (order, broker) not in served:
                missing = (order, broker, str(ReasonCode.NOT_LISTED), None, None, "", "")
                found.append(rows.get((order, broker), missing))
    return pd.DataFrame(found, columns=columns, dtype=object)


def _strike(
    arcs: pd.DataFrame, mask: npt.NDArray[np.bool_], code: ReasonCode, *, detail: str | list[str] = ""
) -> npt.NDArray[np.bool_]:
    """Strike out the candidates of `mask` that still stand; return which they were."""
    hit = np.asarray(mask & (arcs["code"] == "").to_numpy(bool))
    arcs.loc[hit, "code"] = str(code)
    details = [detail] * len(arcs) if isinstance(detail, str) else detail
    arcs.loc[hit, "detail"] = [text for text, struck in zip(details, hit, strict=True) if struck]
    return hit


def _strike_size(
    arcs: pd.DataFrame,
    mask: npt.NDArray[np.bool_],
    code: ReasonCode,
    needed: Integers,
    available: Integers,
    scale: int,
    unit: pd.Series[str],
) -> None:
    """Strike out candidates for their size, with the numbers."""
    hit = _strike(arcs, mask, code)
    places = np.flatnonzero(hit)
    arcs.loc[hit, "needed"] = [Decimal(int(np.asarray(needed)[at])) / scale for at in places]
    arcs.loc[hit, "available"] = [Decimal(int(np.asarray(available)[at])) / scale for at in places]
    arcs.loc[hit, "unit"] = unit[hit]


def _holdings(problem: Problem) -> dict[tuple[str, str, str], Decimal]:
    """Return what each (broker, account, instrument) holds, sleeves added up."""
    coins = set(problem.listings.loc[problem.listings["asset_type"] == AssetType.CRYPTO, "symbol"])
    by_symbol: dict[str, set[str]] = {}
    names = problem.listings[["symbol", "mic", "currency", "asset_type"]].drop_duplicates()
    for symbol, mic, currency, kind in names.itertuples(index=False, name=None):
        by_symbol.setdefault(symbol, set()).add(instrument_key(symbol, mic, currency, kind))
    held: dict[tuple[str, str, str], Decimal] = {}
    for row in problem.positions.itertuples(index=False):
        keys = by_symbol.get(row.symbol, {row.symbol})
        key = f"{row.symbol}@{row.mic}:{row.currency}" if row.mic else next(iter(keys)) if len(keys) == 1 else ""
        if not key and row.symbol in coins:
            key = row.symbol
        where = (row.broker, row.account, key)
        held[where] = held.get(where, Decimal(0)) + row.quantity
    return held


def _rates_to_base(problem: Problem) -> dict[str, int]:
    """Return what one unit of each currency is worth in base currency [pico-units]."""
    base = problem.base_currency
    rates = {base: PICO}
    for row in problem.rates.itertuples(index=False):
        source, target, rate = row[0], row[1], row.rate
        if target == base:
            rates[source] = floor_scaled(rate, PICO)
        elif source == base:
            rates.setdefault(target, int(Fraction(PICO) / Fraction(rate)))
    return rates


def _tie_rank(problem: Problem) -> npt.NDArray[np.int64]:
    """Return the place of each order among equals: by creation time where given, then file order."""
    created = problem.orders["created_at"].to_numpy("datetime64[us]")
    ranked = np.lexsort((np.arange(len(created)), created, np.isnat(created)))
    rank = np.empty(len(created), np.int64)
    rank[ranked] = np.arange(len(created))
    return rank


def _fractions(weights: Integers) -> tuple[Integers, Integers]:
    return _objects([w.numerator for w in weights]), _objects([w.denominator for w in weights])


def _scaled(amounts: pd.Series[Any], scale: int) -> Integers:
    """Return decimals as integers of ``1 / scale``, 0 where missing; micro-units are rounded down."""
    convert = floor_scaled if scale == MICRO else exact_scaled
    return _objects([0 if amount is None else convert(amount, scale) for amount in amounts])


def _objects(values: list[Any]) -> Integers:
    """Return a one-dimensional object array: exact integers of any size."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
