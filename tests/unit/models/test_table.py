"""A site's table: numbers under names, or a reason that names the column and tells no cell."""

import numpy as np
import pytest

from fedpact.models.logreg.kit.errors import SiteRefusalError
from fedpact.models.logreg.kit.table import read_table


def test_columns_are_taken_by_name_in_the_order_asked() -> None:
    table = read_table([b"a,b,c\n1,2,3\n4,5,6\n"], ["c", "a"])
    assert (table.columns, table.rows.tolist()) == (("c", "a"), [[3, 1], [6, 4]])


def test_several_files_are_one_table_whatever_their_order_of_columns() -> None:
    table = read_table([b"a,b\n1,2\n", b"b,a\n4,3\n"])
    assert (table.columns, table.rows.tolist()) == (("a", "b"), [[1, 2], [3, 4]])


def test_a_text_column_that_is_not_asked_for_does_no_harm() -> None:
    assert read_table([b'id,a\n"x, y",1\n'], ["a"]).column("a").tolist() == [1]


def test_a_byte_order_mark_and_quotes_are_read() -> None:
    assert read_table([b'\xef\xbb\xbf"a",b\r\n"1.5",2\r\n']).rows.tolist() == [[1.5, 2]]


@pytest.mark.parametrize("cell", [b"", b"n/a", b"SECRET", b"nan", b"inf", b"1;2", b"0x10", b"1_0"])
def test_a_cell_that_is_no_finite_number_ends_it_and_is_not_told(cell: bytes) -> None:
    with pytest.raises(SiteRefusalError) as refused:
        read_table([b"a,b\n1,2\n3," + cell + b"\n"])
    assert "`b` holds missing or non-numeric cells" in refused.value.reason
    assert "SECRET" not in refused.value.reason


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "column names"),
        (b"a,,c\n1,2,3\n", "column names"),
        (b"a,a\n1,2\n", "twice"),
        (b"a,b\n", "no rows"),
        (b"a,b", "no rows"),
        (b"a,b\n1,2\n3\n", "`b` holds missing"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_a_file_that_is_no_table_says_why(content: bytes, said: str) -> None:
    with pytest.raises(SiteRefusalError, match=said):
        read_table([content])


def test_a_missing_column_is_named() -> None:
    with pytest.raises(SiteRefusalError, match="no column `target`"):
        read_table([b"a\n1\n"], ["target"])


def test_numbers_are_read_exactly() -> None:
    values = np.random.default_rng(0).normal(size=(50, 2)) * 1e-5
    text = "a,b\n" + "\n".join(",".join(map(repr, row)) for row in values.tolist())
    assert (read_table([text.encode()]).rows == values).all()
