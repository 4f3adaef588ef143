"""
How a payload becomes a FLARE job of the statistics model.

Values of the payload only ever become arguments in a template loaded as JSON. Names of columns hold no braces: FLARE
would replace what is inside by variables of the site.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, field_validator, model_validator

Column = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^{}\x00-\x1f\x7f]+$")]
Function = Literal["count", "sum", "mean", "stddev", "histogram"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Range(_Strict):
    """The edges of one column's histogram."""

    column: Column
    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.low >= self.high:
            raise ValueError("`low` is not below `high`")
        return self


class Payload(_Strict):
    """What a data scientist may ask for. No columns means every column."""

    functions: Annotated[list[Function], Field(min_length=1, max_length=5)] = ["count", "mean", "stddev"]
    columns: Annotated[list[Column], Field(max_length=256)] = []
    bins: Annotated[int, Field(ge=2, le=200)] = 10
    ranges: Annotated[list[Range], Field(max_length=256)] = []

    @field_validator("functions", "columns")
    @classmethod
    def _once_each(cls, names: list[str]) -> list[str]:
        if len(set(names)) != len(names):
            raise ValueError("a name is given twice")
        return names

    @model_validator(mode="after")
    def _ranges_of_columns(self) -> "Payload":
        named = [of.column for of in self.ranges]
        if len(set(named)) != len(named):
            raise ValueError("`ranges` names a column twice")
        if self.columns and not set(named) <= set(self.columns):
            raise ValueError("`ranges` names a column that `columns` does not")
        return self


_READER = TypeAdapter(Payload)


def parse(body: str) -> Payload:
    """The payload with its defaults. Raises `ValueError` that says what is wrong."""
    return _READER.validate_json(body)


def validate(payload: Payload) -> None:
    """Nothing left to check: `parse` accepts no other payload."""


def template(
    payload: Payload, _dataset2gw: Mapping[str, str] | None = None, *, template_folder: Path | None = None
) -> dict[str, str]:
    """The job's files."""
    folder = template_folder or Path(__file__).parent / "templates"
    gateways = len(set(_dataset2gw.values())) if _dataset2gw else 1
    meta, server, client = (_load(folder, name) for name in ("meta", "config_fed_server", "config_fed_client"))
    meta["min_clients"] = gateways
    server["workflows"][0]["args"] = {"min_clients": gateways, **payload.model_dump()}
    return {
        "meta.json": json.dumps(meta),
        "app/config/config_fed_server.json": json.dumps(server),
        "app/config/config_fed_client.json": json.dumps(client),
    }


def _load(folder: Path, name: str) -> dict:
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
