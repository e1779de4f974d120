"""JSON documents from files and standard input, and back."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zlib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from scenarios.intake.files import decode, document_error, place_of, read_bytes
from scenarios.intake.json_text import NumberText, decode_json

MOST_BYTES = 256 * 2**20
"""Largest document that is read, packed or not."""


class DecimalNumber(Decimal):
    """A number of a document; shown to people as it was written."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


_GZIP = b"\x1f\x8b"
_WHOLE_DIGITS = 40


def document_place(path: str) -> str:
    """Return how messages name the document at a path."""
    return "standard input" if path == "-" else place_of(path)


def read_document(path: str) -> Any:
    """Return a JSON document, read strictly; numbers are whole numbers or decimals.

    Parameters
    ----------
    path : str
        A regular file; ``-`` is standard input. What is packed with gzip is unpacked, by its content.

    Raises
    ------
    DocumentError
        If it cannot be read, is too large, or is not exactly one JSON value.
    """
    place = document_place(path)
    content = sys.stdin.buffer.read(MOST_BYTES + 1) if path == "-" else read_bytes(path, MOST_BYTES)
    if content.startswith(_GZIP):
        content = _unpacked(content, place)
    if len(content) > MOST_BYTES:
        raise document_error(f"the document is too large: the limit is {MOST_BYTES} bytes", place)
    if not content.strip():
        raise document_error("the document is empty", place)
    try:
        return _with_numbers(decode_json(decode(content, place), place))
    except RecursionError:
        raise document_error("brackets are nested too deeply", place) from None


def write_document(document: Any, path: Path | None = None) -> None:
    """Write a document as JSON, to standard output if no path is given.

    Raises
    ------
    DocumentError
        If the file cannot be written.
    """
    words = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    if path is None:
        sys.stdout.write(words)
        return
    try:
        path.write_text(words, encoding="utf-8")
    except OSError as error:
        raise document_error(f"cannot be written: {error.strerror}", place_of(path)) from None


def _unpacked(content: bytes, place: str) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            return stream.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise document_error("the gzip archive is damaged", place) from None


def _with_numbers(value: Any) -> Any:
    """Return the document with numbers in place of their texts; a text that looks like a number stays a text."""
    if isinstance(value, NumberText):
        return _number(str(value))
    if isinstance(value, dict):
        return {key: _with_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_numbers(each) for each in value]
    return value


def _number(text: str) -> int | Decimal | float:
    if len(text) <= _WHOLE_DIGITS and text.lstrip("-").isdigit():
        return int(text)
    try:
        return DecimalNumber(text)
    except InvalidOperation:
        # An exponent beyond all bounds: infinite or zero, which every range check refuses.
        return float(text)
