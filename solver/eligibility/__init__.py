"""Eligibility: who can trade what, in which lots, for how much capital - and why not.

Integers from here on: quantities and prices in pico-units, money in micro-units (see `solver.domain.amounts`), as
object columns of Python integers.
"""

from solver.eligibility.candidates import default_time_in_force
from solver.eligibility.compilation import Eligibility, compile_problem
from solver.eligibility.scoring import POINT

__all__ = ["POINT", "Eligibility", "compile_problem", "default_time_in_force"]
