"""What may be told of a table: the names of its columns and how many rows it has, never a value."""

import csv
import io
import os
from typing import BinaryIO

ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".7z")
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_WIDEST = 4096


def table_shape(path: str, file: BinaryIO) -> tuple[tuple[str, ...], int | None]:
    """Columns and rows of a CSV or TSV file; nothing of any other, or of one that cannot be read as a table."""
    separator = _SEPARATORS.get(os.path.splitext(path.lower())[1])  # noqa: PTH122 - a name, not a file
    if separator is None:
        return (), None
    text = io.TextIOWrapper(io.BufferedReader(file), encoding="utf-8-sig", newline="")  # type: ignore[type-var]
    try:
        rows = csv.reader(text, delimiter=separator, strict=True)
        columns = tuple(next(rows, ()))
        count = sum(1 for row in rows if row)
    except (csv.Error, UnicodeError):
        return (), None
    return (columns, count) if len(columns) <= _WIDEST else ((), None)
