"""Parquet tables, whose cells have types of their own."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from scenarios.intake.files import document_error
from scenarios.intake.raw import RawTable, Size

_MOST_EXPANSION = 16
"""Most bytes of cells that one byte of the size limit may unfold to."""


def rows_of_parquet(content: bytes, place: str, size: Size) -> RawTable:
    """Return the rows of a Parquet file.

    Raises
    ------
    DocumentError
        If it is damaged, or its cells would take far more room than the file.
    """
    try:
        # Nothing beyond the cells is wanted: pandas' own metadata could rename or reorder columns.
        file = pq.ParquetFile(io.BytesIO(content))
        _check_room(file.metadata, place, size)
        columns = file.read(use_pandas_metadata=False)
        # Text that is no UTF-8 would pass unnoticed until somebody looks at it.
        columns.validate(full=True)
        frame = columns.to_pandas(
            ignore_metadata=True, integer_object_nulls=True, date_as_object=True, timestamp_as_object=False
        )
    except (pa.ArrowException, OSError, ValueError, NotImplementedError, LookupError, TypeError) as error:
        # Only the first line: the rest may quote the content.
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise document_error(f"the Parquet file cannot be read: {reason}", place) from None
    return RawTable(pd.DataFrame(frame), None)


def _check_room(metadata: pq.FileMetaData, place: str, size: Size) -> None:
    if metadata.num_rows > size.rows:
        raise document_error(f"too many rows: {metadata.num_rows}, the limit is {size.rows}; split the file", place)
    unfolded = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    if unfolded > _MOST_EXPANSION * size.file_bytes or metadata.num_columns > 200:
        raise document_error("the cells would take far more room than the file: split it", place)
