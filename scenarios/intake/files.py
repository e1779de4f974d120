"""Bytes of a file: only regular ones, only up to a size, and only of a kind that is known."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

from solver.errors import DocumentError, Violation
from solver.tables import shown

PARQUET_MAGIC = b"PAR1"

_PIECE_BYTES = 2**20
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")

_FOREIGN_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook: save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as CSV"),
    (b"%PDF", "a PDF: CSV, JSON or Parquet is needed"),
    (b"SQLite format 3", "a database: CSV, JSON or Parquet is needed"),
)
_FILE_TYPES = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_bytes(path: str | Path, most_bytes: int) -> bytes:
    """Return the content of a regular file, read once.

    Raises
    ------
    DocumentError
        If there is no such file, it is no regular file (a link to one is fine) or it is too large.
    """
    place = place_of(path)
    # A path has lost one of the slashes.
    if _URL.match(str(path)):
        raise document_error("this is a URL, only files on this machine are read: download it first", place)
    try:
        # Looked at before it is opened: opening a pipe would wait, opening a device may act on it.
        _check_regular(os.stat(path).st_mode, place)  # noqa: PTH116
        with open(path, "rb", opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            _check_regular(status.st_mode, place)
            _check_size(status.st_size, most_bytes, place)
            content = _read_up_to(file, most_bytes)
    except FileNotFoundError:
        raise document_error("there is no such file", place) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise document_error(f"the file cannot be read: {reason}", place) from None
    _check_size(len(content), most_bytes, place)
    return content


def _read_up_to(file: BinaryIO, most_bytes: int) -> bytes:
    """Return the content, or a little more than `most_bytes` of a file that grows while it is read."""
    pieces: list[bytes] = []
    size = 0
    # Piece by piece: a single read would reserve the whole limit for the smallest file.
    while size <= most_bytes and (piece := file.read(_PIECE_BYTES)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _open_at_once(path: str, flags: int) -> int:
    # A pipe that took the file's place since the first look must not make us wait.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check_regular(mode: int, place: str) -> None:
    if not stat.S_ISREG(mode):
        kind = next((name for test, name in _FILE_TYPES if test(mode)), "a special file")
        raise document_error(f"only regular files are read, this is {kind}", place)


def _check_size(size: int, most_bytes: int, place: str) -> None:
    if size > most_bytes:
        raise document_error(
            f"the file is too large: {size} bytes, the limit is {most_bytes}; split it or raise the limit", place
        )


def kind_of(content: bytes, suffix: str, place: str) -> str:
    """Return ``parquet``, ``json`` or ``text``: what the content is.

    Parameters
    ----------
    content : bytes
    suffix : str
        Of the file's name, such as ``.csv``; it must not contradict the content.
    place : str
        For messages.

    Raises
    ------
    DocumentError
        If the content is of no known kind, or of another than the name says.
    """
    _refuse_foreign(content, place)
    kind = "text"
    if content.startswith(PARQUET_MAGIC):
        kind = "parquet"
    elif content.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")[:1] in (b"[", b"{"):
        kind = "json"
    named = {".parquet": "parquet", ".pq": "parquet", ".json": "json", ".csv": "text", ".tsv": "text"}
    expected = named.get(suffix.lower(), kind)
    if expected == "json" and kind == "text":
        return "json"
    if expected != kind:
        titles = {"parquet": "Parquet", "json": "JSON", "text": "text"}
        raise document_error(
            f"the content is {titles[kind]}, which the suffix {suffix} contradicts: rename the file", place
        )
    return kind


def _refuse_foreign(content: bytes, place: str) -> None:
    if content[:1] == b"\x80" and content[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise document_error(
            "the content is a Python pickle, which is never loaded: CSV, JSON or Parquet is needed", place
        )
    for magic, kind in _FOREIGN_KINDS:
        if content.startswith(magic):
            raise document_error(f"the content is {kind}", place)


def decode(content: bytes, place: str) -> str:
    """Return the text of UTF-8 bytes, with or without a byte-order mark.

    Raises
    ------
    DocumentError
        Naming the first byte that is no text, counted from 0, and its line.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or content[1:4:2] == b"\0\0" or content[:3:2] == b"\0\0":
        raise document_error("the text is UTF-16 or UTF-32: save it as UTF-8", place)
    nul = content.find(b"\0")
    if nul >= 0:
        line = content.count(b"\n", 0, nul) + 1
        raise document_error(f"a NUL byte stands at byte {nul}: this is not a text file", place, line)
    body = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        offset = error.start + len(content) - len(body)
        line = content.count(b"\n", 0, offset) + 1
        raise document_error(
            f"the text is not UTF-8 at byte {offset} (0x{content[offset]:02X}): save it as UTF-8", place, line
        ) from None


def place_of(path: str | Path) -> str:
    """Return the path as it appears in messages: as given if it is plain, else escaped."""
    text = str(path)
    return text if text.isprintable() and len(text) <= 200 else shown(text)


def document_error(message: str, place: str, line: int | None = None) -> DocumentError:
    """Return the error for a document that as a whole cannot be read."""
    return DocumentError((Violation(message, place, line),))
