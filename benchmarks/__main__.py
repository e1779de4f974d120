"""The command: ``python -m benchmarks [suite] [options]``; without a suite, all of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks import quality, speed

SUITES = {"quality": quality, "speed": speed}
"""Modules with ``arguments(parser)`` and ``run(options)``; a new suite is one more line here."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one suite, or all of them one after the other; return an exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    names = [given.pop(0)] if given and not given[0].startswith("-") else list(SUITES)
    if names[0] in SUITES:
        return max(SUITES[name].run(_parser(name).parse_args(given)) for name in names)
    print(f"unknown suite {names[0]!r}; there is {', '.join(SUITES)}", file=sys.stderr)
    return 2


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks {name}", description=SUITES[name].__doc__)
    parser.add_argument("--json", action="store_true", help="every run as JSON instead of the table")
    parser.add_argument("--smoke", action="store_true", help="as small as it can be, to see that it runs")
    parser.add_argument("--long", action="store_true", help="the sizes that take minutes")
    SUITES[name].arguments(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
