"""A decision as tables: what goes where, what stays behind and why, what is left of the money."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, eq=False)
class Allocation:
    """The decision on one batch.

    Attributes
    ----------
    routes : DataFrame
        One row a child order to be, in file order: ``order_id, sleeve, priority, broker, account, symbol, mic,
        currency, asset_type, broker_symbol, side, quantity, order_type, limit_price, time_in_force,
        required_capital`` [currency], ``value, expected_cost`` [base currency], ``rank`` (1 = first choice),
        ``points`` (score), ``rule`` (who ranked the brokers).
    backlog : DataFrame
        One row an order, or part of one, that is not routed: ``order_id, sleeve, priority, symbol, side, quantity,
        notional, value, code, broker, needed, available, missing, unit, lost_to, sentence``; the code is that of the
        broker where least is missing.
    capital : DataFrame
        One row a pool: ``broker, account, currency, cash, reserve, capacity, used, converted, left, price``:
        ``converted`` is what conversions take at worst (negative: bring), ``price`` the points that one more unit of
        the currency would be worth at the margin.
    conversions : DataFrame
        Currency to be changed before the buys that need it, one row a broker, account and pair: ``broker, account,
        sold, bought`` (currencies), ``sold_amount`` (at worst, fee included), ``bought_amount, worst_rate`` (units
        sold for one bought, without the least fee), ``expected_cost`` [base currency], ``points`` (what it takes off
        the objective).
    reasons : DataFrame
        The why-not matrix, one row an order and broker that does not get it: ``order_id, broker, code, needed,
        available, unit, lost_to, detail``.
    """

    routes: pd.DataFrame
    backlog: pd.DataFrame
    capital: pd.DataFrame
    conversions: pd.DataFrame
    reasons: pd.DataFrame
