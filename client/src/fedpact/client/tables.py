"""
Values as tables of a page, for notebooks.

Every text in them was chosen by somebody, perhaps by somebody hostile: nothing reaches the page but as text. No link,
no image, no style of theirs; what a table shows is what the value holds.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from pydantic import BaseModel

from fedpact.client.texts import clean

ROWS = 200
"""A page shows no more; the value holds all."""
TEXT = 2000


def html_of(value: BaseModel) -> str:
    """The value as a table: a list as its rows, anything else as its members."""
    told = value.model_dump(mode="json", exclude_none=True)
    rows = next((member for member in told.values() if _is_rows(member)), None) if _is_list(value) else None
    if rows is not None:
        return _list(rows)
    return _table((), ((f"<b>{_text(name)}</b>", _cell(member)) for name, member in _said(told)))


def _said(members: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return ((name, member) for name, member in members.items() if member not in (None, [], {}, ""))


def _is_list(value: BaseModel) -> bool:
    return any(name in type(value).model_fields for name in ("items", "points", "entries"))


def _is_rows(member: object) -> bool:
    return isinstance(member, list) and all(isinstance(item, Mapping) for item in member)


def _list(rows: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name, _ in _said(row)))
    cut = f"<p>{len(rows) - ROWS} more</p>" if len(rows) > ROWS else ""
    if not rows:
        return "<p>nothing</p>"
    return _table(names, ([_cell(row.get(name)) for name in names] for row in rows[:ROWS])) + cut


def _table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case Mapping():
            return ", ".join(f"{_text(name)}: {_cell(member)}" for name, member in _said(value))
        case list():
            return ("<br>" if any(isinstance(item, Mapping) for item in value) else ", ").join(map(_cell, value))
        case float():
            return f"{value:.6g}"
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    short = text if len(text) <= TEXT else f"{text[:TEXT]}..."
    return escape(clean(short))
