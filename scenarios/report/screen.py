"""The first screen of a plan: money first, then what stays behind and why, then the proof. At most 25 lines."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
from rich.text import Text

from scenarios.mode import Mode
from scenarios.planning import Plan
from scenarios.report.alignment import aligned, clipped, wrapped
from scenarios.report.figures import cents, compact, counted, exact, gap, share, weighted_value, whole
from solver import ReasonCode, Status

MOST_LINES = 25
LEAST_WIDTH, MOST_WIDTH = 80, 100

MODE_STYLES = {Mode.SIMULATED: "bold black on cyan", Mode.PAPER: "bold black on yellow", Mode.LIVE: "bold white on red"}

_CAPITAL_LINES = 6
_LEAST_BACKLOG = 3
_WIDE = 90
_SHORT_OF_MONEY = (ReasonCode.CAPITAL_INSUFFICIENT, ReasonCode.CAPITAL_CONTENTION)

EXPLANATION = """\
Weighted value is what the plan maximises, in units of the base currency. An order counts with its value (quantity
at the price of its first choice, in base currency) times the weight of its priority: 1 for priority 1, and half of
the one before for each further priority, unless the configuration says otherwise. Each rank below the first choice
takes 1 % off, and the expected cost (fees, commissions) is taken off too. One unit is 100 points, the unit of the
objective and the bound. A plan may therefore route fewer orders than a simple rule and still be worth more: it
serves the urgent and the large ones first, at the brokers that are preferred for them.

The bound is what no plan can exceed. "optimal" means that plan and bound agree: no better plan exists. A simple rule
proves nothing by itself: "of at most" stands before the bound of the relaxation, in which orders may be split at will.
It is a true bound, but seldom reached: the one that an optimal plan proves is as low or lower."""


def first_screen(
    plan: Plan,
    *,
    width: int = MOST_WIDTH,
    most_lines: int = MOST_LINES,
    prices: str = "",
    hint: str = "multibroker plan ... --backlog",
) -> list[Text]:
    """Return the lines of the first screen.

    Parameters
    ----------
    plan : Plan
    width : int
        Columns of the terminal; between 80 and 100 are used.
    most_lines : int
        As many orders of the backlog are shown as still fit.
    prices : str
        Where the prices come from, for the reader.
    hint : str
        The command that shows the whole backlog.
    """
    width = min(MOST_WIDTH, max(LEAST_WIDTH, width))
    top = [header(plan, width, prices), Text(), *_comparison(plan, width), Text(), *_capital(plan, width), Text()]
    room = most_lines - len(top) - 2
    backlog = _backlog(plan, width, max(room, _LEAST_BACKLOG + 2), hint)
    return [*top, *backlog, Text(), _proof(plan, width)]


def header(plan: Plan, width: int = MOST_WIDTH, prices: str = "") -> Text:
    """Return the line that stands above every screen of a plan: its mode, its ids, where its prices come from."""
    line = mode_badge(plan.mode).append(f"  plan {plan.plan_id}", style="bold")
    line.append(f"   batch {plan.batch_id}", style="dim")
    return clipped(line.append(f"   prices: {prices}" if prices else "", style="dim"), width)


def mode_badge(mode: Mode) -> Text:
    """Return the word that tells whether orders are real, in a colour of its own."""
    return Text(no_wrap=True).append(f" {mode} ", style=MODE_STYLES[mode])


def plain(lines: Sequence[Text]) -> str:
    """Return lines as plain text: no colour, no blanks at the ends."""
    return "".join(f"{line.plain.rstrip()}\n" for line in lines)


def _comparison(plan: Plan, width: int) -> list[Text]:
    """Return this plan, the desk's greedy and the best greedy, side by side in orders and money."""
    base, compared = plan.problem.base_currency, _compared(plan.baselines)
    own = weighted_value(compared[0][1].points)
    counts = _of_total([f"{row.orders:,}" for _, row in compared], f"{len(plan.problem.orders):,}")
    values = _of_total([whole(row.value) for _, row in compared], whole(asked_value(plan)))
    rows = [["", "orders", f"value, {base}", "weighted value", "difference"]]
    for (title, row), count, value in zip(compared, counts, values, strict=True):
        worth = weighted_value(row.points)
        difference = "" if len(rows) == 1 else _difference(worth - own, own, width)
        rows.append([title, count, value, whole(worth), difference])
    if len(rows) == 2:
        rows = [row[:4] for row in rows]
    lines = aligned(rows, "lrrrr"[: len(rows[0])], width=width)
    lines[0].stylize("dim")
    lines[1].stylize("bold")
    return lines


def _compared(baselines: pd.DataFrame) -> list[tuple[str, Any]]:
    """Return this plan, the desk's own greedy and the best other greedy, with their titles."""
    rows = list(baselines.itertuples(index=False))
    this, others = rows[0], sorted(rows[1:], key=lambda row: -row.points)
    found = [("This plan", this)]
    desk = [row for row in others if row.method == "greedy"]
    found += [("Desk's greedy", row) for row in desk]
    if others and others[0].method != "greedy":
        best = others[0]
        found.append((f"Best greedy ({best.method.removeprefix('greedy-')})", best))
    elif desk:
        found[-1] = ("Desk's greedy (best)", desk[0])
    return found


def _of_total(cells: Sequence[str], total: str) -> list[str]:
    """Return the first cell with the total, ``67 of 80``, and the others in line with it."""
    longest, rest = max(map(len, cells)), f" of {total}"
    padded = [cell.rjust(longest) for cell in cells]
    return [padded[0] + rest, *(cell + " " * len(rest) for cell in padded[1:])]


def _difference(amount: Decimal, own: Decimal, width: int) -> str:
    if not amount:
        return "the same"
    relative = f"{share(amount, own):>8}"
    return f"{amount:+,.0f} {relative}" if width >= _WIDE else relative


def asked_value(plan: Plan) -> Decimal:
    """Return the value of all orders [base currency]; one that has no price counts nothing."""
    solution = plan.solution
    return sum(solution.routes["value"], Decimal(0)) + sum(solution.backlog["value"], Decimal(0))


def _capital(plan: Plan, width: int) -> list[Text]:
    """Return a line a broker: used and left of each currency."""
    titles = {name: broker.title for name, broker in plan.problem.brokers.items()}
    pools: dict[tuple[str, str], list[str]] = {}
    for pool in plan.solution.capital.itertuples(index=False):
        if pool.capacity or pool.used:
            piece = f"{pool.currency} {compact(pool.used)} / {compact(pool.left)}"
            pools.setdefault((pool.broker, pool.account), []).append(piece)
    several = len({broker for broker, _ in pools}) < len(pools)
    names = [titles.get(broker, broker) + (f" {account}" if several else "") for broker, account in pools]
    column = max(map(len, names), default=0)
    lines: list[str] = []
    for name, pieces in zip(names, pools.values(), strict=True):
        lines += wrapped(pieces, first=f"  {name.ljust(column)}  ", width=width)
    changed = [
        f"{compact(row.sold_amount)} {row.sold} into {compact(row.bought_amount)} {row.bought}"
        for row in plan.solution.conversions.itertuples(index=False)
    ]
    if changed:
        lines += wrapped(changed, first=f"  {'to be changed first'.ljust(column)}  ", width=width)
    if len(lines) > _CAPITAL_LINES:
        lines = [*lines[: _CAPITAL_LINES - 1], "  and more (--capital)"]
    title = Text("Capital", style="bold").append("  used / left", style="dim not bold")
    return [title, *(clipped(Text(line, no_wrap=True), width) for line in lines or ["  none"])]


def _backlog(plan: Plan, width: int, room: int, hint: str) -> list[Text]:
    """Return the orders that stay behind, the largest first, on at most `room` lines."""
    is_rest = (plan.solution.backlog["code"] == ReasonCode.LOT_REMAINDER).to_numpy(bool)
    backlog, rests = plan.solution.backlog[~is_rest], plan.solution.backlog[is_rest]
    left_over = f"; below one lot {whole(sum(rests['value'], Decimal(0)))}" if len(rests) else ""
    if backlog.empty:
        words = f"  none: every order is routed{left_over}"
        return [Text("Backlog", style="bold").append(words, style="not bold")]
    value, unpriced = sum(backlog["value"], Decimal(0)), sum(not each for each in backlog["value"])
    words = f"  {counted(len(backlog), 'order')}, {whole(value)} {plan.problem.base_currency}"
    words += (f" and {unpriced:,} without a price" if unpriced else "") + left_over
    title = Text("Backlog", style="bold").append(words, style="not bold")
    titles = {name: broker.title for name, broker in plan.problem.brokers.items()}
    ranked = sorted(backlog.itertuples(index=False), key=lambda row: (-row.value, row.order_id))
    fits = len(ranked) if len(ranked) < room else room - 2
    shown = ranked[:fits]
    amounts = [_missing(row) if is_short(row) else "" for row in shown]
    longest = max(map(len, amounts), default=0)
    rows = []
    for row, amount in zip(shown, amounts, strict=True):
        why = _why(row, amount.rjust(longest), titles, wide=width >= _WIDE)
        rows.append([f"  {row.order_id}", asked_words(row), why])
    lines = [title, *aligned(rows, "lll", width=width)]
    if fits < len(ranked):
        lines.append(clipped(Text(f"  and {len(ranked) - fits:,} more ({hint})", style="dim"), width))
    return lines


def is_short(row: Any) -> bool:
    """Tell whether what an order of the backlog misses is an amount of money or of an instrument."""
    short_of = (*_SHORT_OF_MONEY, ReasonCode.INSUFFICIENT_POSITION)
    return row.code in short_of and row.missing is not None


def asked_words(row: Any) -> str:
    """Return what an order of the backlog asks for: ``buy 18,000 USD of PG``."""
    return _halves(row)[0].replace(".00 ", " ")


def _missing(row: Any) -> str:
    """Return how much is missing: money in cents, an instrument with the digits it has."""
    return exact(row.missing) if row.code == ReasonCode.INSUFFICIENT_POSITION else cents(row.missing)


def _why(row: Any, amount: str, titles: dict[str, str], *, wide: bool) -> str:
    if not is_short(row):
        return _halves(row)[1]
    words = f"{amount} {row.unit} missing at {titles.get(row.broker, row.broker)}"
    if not wide:
        return words
    if row.code == ReasonCode.INSUFFICIENT_POSITION:
        return f"{words}, {exact(row.available)} held"
    in_all = "in all" if row.code == ReasonCode.CAPITAL_INSUFFICIENT else "left"
    return f"{words}, {cents(row.available)} {in_all}"


def _halves(row: Any) -> tuple[str, str]:
    """Return the two halves of the sentence of an order: what it asks for, and why it stays."""
    what, _, why = row.sentence.removeprefix(f"{row.order_id}: ").partition(" - ")
    return what, why


def _proof(plan: Plan, width: int) -> Text:
    """Return the figures of the proof on one line."""
    solution = plan.solution
    style = "green" if solution.status == "optimal" else "yellow"
    line = Text("Proof", style="bold", no_wrap=True)
    line.append(f"  {solution.status}".replace("_", " "), style=f"not bold {style}")
    objective, bound = f"{solution.objective:,}", f"{solution.bound:,}"
    score = f", {solution.proof}: objective {objective}, bound {bound} points"
    if solution.status == Status.HEURISTIC:
        score = f": {objective} of at most {bound} points (relaxation)"
    elif objective == bound:
        score = f", {solution.proof}: objective = bound = {bound} points"
    figures = f"{score}, gap {gap(solution.gap)}, {solution.seconds:.2f} s"
    return clipped(line.append(figures, style="not bold"), width)
