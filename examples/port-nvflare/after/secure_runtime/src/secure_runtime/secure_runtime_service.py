"""How a payload becomes the job that used to be a folder: the same three files, with the payload's values in place."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    num_rounds: Annotated[int, Field(ge=1, le=50)] = 3
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.5


def parse(body: str) -> Payload:
    return Payload.model_validate_json(body)


def validate(payload: Payload) -> None:
    """`parse` accepts no other payload."""


def template(payload: Payload, _dataset2gw: dict | None = None, *, template_folder: Path | None = None) -> dict:
    folder = template_folder or Path(__file__).parent / "templates"
    meta, server, client = (
        json.loads((folder / f"{name}.json").read_text()) for name in ("meta", "config_fed_server", "config_fed_client")
    )
    gateways = len(set(_dataset2gw.values())) if _dataset2gw else 1
    meta["min_clients"] = server["workflows"][0]["args"]["min_clients"] = gateways
    server["workflows"][0]["args"]["num_rounds"] = payload.num_rounds
    client["executors"][0]["executor"]["args"]["learning_rate"] = payload.learning_rate
    return {
        "meta.json": meta,
        "app/config/config_fed_server.json": server,
        "app/config/config_fed_client.json": client,
    }
