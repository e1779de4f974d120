"""The command line, with back-ends that tell when they begin and brokers that wait to be allowed to answer.

What is announced goes to file descriptor ANNOUNCE, a line each: ``search`` and the back-end, ``submit`` and the
client order id.
Brokers answer once file descriptor ALLOW is at its end; without ALLOW they answer at once.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

from ortools.math_opt.python import mathopt
from ortools.sat.python import cp_model

import scenarios.simulation
from brokers.connector import ChildOrder, ExecutionReport
from brokers.simulated.connector import SimulatedConnector
from scenarios.app.cli import main


def announce(*words: str) -> None:
    os.write(int(os.environ["ANNOUNCE"]), (" ".join(words) + "\n").encode())


def announcing(search: Callable[..., Any], name: str) -> Callable[..., Any]:
    def begin(*arguments: Any, **named: Any) -> Any:
        announce("search", name)
        return search(*arguments, **named)

    return begin


class Waiting(SimulatedConnector):
    async def submit(self, child: ChildOrder) -> ExecutionReport:
        announce("submit", child.client_order_id)
        if "ALLOW" in os.environ:
            readable = asyncio.Event()
            loop, allow = asyncio.get_running_loop(), os.dup(int(os.environ["ALLOW"]))
            loop.add_reader(allow, readable.set)
            try:
                await readable.wait()
            finally:
                loop.remove_reader(allow)
                os.close(allow)
        return await super().submit(child)


if __name__ == "__main__":
    mathopt.solve = announcing(mathopt.solve, "mathopt")
    cp_model.CpSolver.solve = announcing(cp_model.CpSolver.solve, "cp_sat")
    scenarios.simulation.SimulatedConnector = Waiting
    sys.exit(main())
