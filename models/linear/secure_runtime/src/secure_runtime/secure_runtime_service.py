"""
How a payload becomes a FLARE job of the linear regression.

Values of the payload only ever become arguments in a template loaded as JSON. Names of columns hold no braces: FLARE
would replace what is inside by variables of the site.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

Column = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^{}\x00-\x1f\x7f]+$")]


class Payload(BaseModel):
    """What a data scientist may ask for. No features means every column but the target."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    target: Column
    features: Annotated[list[Column], Field(max_length=256)] = []
    l2: Annotated[float, Field(ge=0, le=1000)] = 0.0

    @model_validator(mode="after")
    def _features_once_each(self) -> "Payload":
        if len(set(self.features)) != len(self.features):
            raise ValueError("`features` names a column twice")
        if self.target in self.features:
            raise ValueError("`features` names the target")
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
