"""What may be told of a table: the names of its columns and how many rows it has, never a value."""

import csv
import io
import os
from typing import BinaryIO

from fedpact.dal_service.domain.paths import is_name

ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".7z")
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_WIDEST = 4096


def is_table(path: str) -> bool:
    return _separator(path) is not None


def table_shape(path: str, file: BinaryIO) -> tuple[tuple[str, ...], int | None]:
    """Columns and rows of a CSV or TSV file, which is closed; nothing of one that cannot be read as a table."""
    separator = _separator(path)
    if separator is None:
        return (), None
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        try:
            rows = csv.reader(text, delimiter=separator, strict=True)
            columns = tuple(next(rows, ()))
            count = sum(1 for row in rows if row)
        except (csv.Error, UnicodeError):
            return (), None
    plain = len(columns) <= _WIDEST and all(is_name(column) for column in columns)
    return (columns, count) if columns and plain else ((), None)


def _separator(path: str) -> str | None:
    return _SEPARATORS.get(os.path.splitext(path.lower())[1])  # noqa: PTH122 - a name, not a file
