"""Bytes to validated tables, and tables to CSV: nothing else in the product reads or writes CSV."""

from scenarios.intake.dialect import DIALECTS, Dialect
from scenarios.intake.export import csv_text, write_table
from scenarios.intake.json_text import NumberText, decode_json
from scenarios.intake.raw import Size
from scenarios.intake.reading import parse_table, read_json_text, read_table

__all__ = [
    "DIALECTS",
    "Dialect",
    "NumberText",
    "Size",
    "csv_text",
    "decode_json",
    "parse_table",
    "read_json_text",
    "read_table",
    "write_table",
]
