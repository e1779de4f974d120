"""What is open, from the database alone: no broker is asked, and nothing is written."""

from __future__ import annotations

import pandas as pd

from brokers.store import Database
from brokers.store.open_orders import COLUMNS, open_orders
from scenarios.app import options
from scenarios.app.documents import write_document
from scenarios.app.execution import leaves_unknown
from scenarios.app.guard import ExitCode
from scenarios.app.output import Output
from scenarios.app.wiring import database_path, settings_at
from scenarios.mode import Mode
from scenarios.report import screen, tables
from scenarios.report.document import open_orders_document


def show_status(request: options.Status) -> int:
    """Show the child orders that are not final, with their holds."""
    path = database_path(request.database, settings_at(request.config))
    # To open a database is to make it.
    if path.exists():
        orders, nothing = open_orders(Database(path)), f"every child order in {path} is final"
    else:
        orders, nothing = pd.DataFrame(columns=COLUMNS), f"there is no database at {path}"
    if request.as_json:
        write_document(open_orders_document(orders, Mode.SIMULATED, str(path)))
    else:
        output = Output()
        output.lines([screen.mode_badge(Mode.SIMULATED)])
        if orders.empty:
            output.text(f"\nNothing is open: {nothing}.")
        else:
            output.sheet(tables.open_orders_sheet(orders))
    return ExitCode.UNKNOWN if leaves_unknown(orders) else ExitCode.DONE
