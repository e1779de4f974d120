"""``python -m scenarios.app`` is ``multibroker``."""

import sys

from scenarios.app.cli import main

sys.exit(main())
