"""
Parts of one thing as a person reads them: a line each.

JSON and YAML hold them whole; a table in which every part has a dozen members of its own hides what one looks for.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from fedpact.contracts import api

Lines = Callable[[Any], Iterable[str]]


def _participants(named: Mapping[str, Any]) -> Iterable[str]:
    return (
        _with(f"{name}: {one.phase}", "" if one.message == one.phase else one.message) for name, one in named.items()
    )


def _texts(reasons: Iterable[Any]) -> Iterable[str]:
    return (_with(reason.text, reason.suggestion or "") for reason in reasons)


def _with(said: str, more: str) -> str:
    return f"{said}, {more}" if more else said


BRIEF: Mapping[type[BaseModel], Mapping[str, Lines]] = {
    api.JobView: {
        "steps": lambda steps: (_with(f"{step.name}: {step.status}", step.message) for step in steps),
        "artifacts": lambda files: (f"{file.name} ({file.size} bytes)" for file in files),
    },
    api.SpecView: {
        "sites": lambda sites: (f"{site.gateway} of {site.organization}" for site in sites),
        "reasons": _texts,
        "custodian_reasons": _texts,
        "participants": _participants,
    },
}


def brief(value: BaseModel) -> dict[str, str]:
    """Those members of `value` that are told in lines, by their names."""
    told = BRIEF.get(type(value), {})
    return {name: "\n".join(lines(getattr(value, name))) for name, lines in told.items()}
