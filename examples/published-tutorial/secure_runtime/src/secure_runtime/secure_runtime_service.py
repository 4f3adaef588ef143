"""
The three functions in the tutorial's form, with what its snippets need to run: see docs/tutorials/published-model.md.

Dictionaries go from `parse` to `template`, and `template` returns dictionaries, as there. Names are the tutorial's.
"""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

SUPPORTED_OPTIMIZERS = ("adam", "sgd")
MOST_ROUNDS = 100
LARGEST_RATE = 10


class MyModelPayload(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    optimizer_name: Literal["adam", "sgd"]
    learning_rate: PositiveFloat = Field(default=0.01, le=LARGEST_RATE)
    num_federation_rounds: PositiveInt = Field(default=10, le=MOST_ROUNDS)


def parse(body: str) -> dict:
    return MyModelPayload.model_validate_json(body).model_dump()


def validate(payload: dict) -> None:
    """The checks by hand: `parse` has made them, and they hold for whoever calls this alone."""
    optimizer = payload.get("optimizer_name")
    if optimizer not in SUPPORTED_OPTIMIZERS:
        raise ValueError(f"`optimizer_name` is one of {', '.join(SUPPORTED_OPTIMIZERS)}")
    learning_rate = payload.get("learning_rate", 0.01)
    if not 0 < learning_rate <= LARGEST_RATE:
        raise ValueError("`learning_rate` has to be above 0")
    num_federation_rounds = payload.get("num_federation_rounds", 10)
    if not 0 < num_federation_rounds <= MOST_ROUNDS:
        raise ValueError("`num_federation_rounds` has to be above 0")


def template(payload: dict, _dataset2gw: dict | None = None, *, template_folder: Path | None = None) -> dict[str, dict]:
    if template_folder is None:
        template_folder = Path(__file__).parent / "templates"
    num_clients = len(set(_dataset2gw.values())) if _dataset2gw else 1
    return {
        "app/config/config_fed_server.json": build_orchestrator_config(payload, num_clients, template_folder),
        "app/config/config_fed_client.json": build_gateway_config(payload, template_folder),
        "meta.json": build_meta_config(num_clients, template_folder),
    }


def build_orchestrator_config(payload: dict, num_clients: int, template_folder: Path) -> dict:
    config_tpl = load(template_folder, "config_fed_server")
    args = config_tpl["workflows"][1]["args"]
    args["min_clients"] = num_clients
    args["num_rounds"] = payload["num_federation_rounds"]
    return config_tpl


def build_gateway_config(payload: dict, template_folder: Path) -> dict:
    config_tpl = load(template_folder, "config_fed_client")
    args = config_tpl["executors"][0]["executor"]["args"]
    args["optimizer"] = payload["optimizer_name"]
    args["learning_rate"] = payload["learning_rate"]
    return config_tpl


def build_meta_config(num_clients: int, template_folder: Path) -> dict:
    config_tpl = load(template_folder, "meta")
    config_tpl["min_clients"] = num_clients
    return config_tpl


def load(template_folder: Path, name: str) -> dict:
    with (template_folder / f"{name}.json").open(encoding="utf-8") as fh:
        return json.load(fh)
