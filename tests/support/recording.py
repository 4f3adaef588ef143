"""
Examples of every message as this version spells it, one a line, twice each: with all it may hold, and with what it must.

`generated.py` writes the set of the version that is being made; sets of earlier versions stay as they were released.
They are made from the schemas, so that a message nobody happened to send is there too.
"""

import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fedpact.contracts.catalog import messages
from fedpact.contracts.envelope import Message

FOLDER = Path(__file__).resolve().parents[1] / "contract" / "contracts" / "recorded"
TRIES = 200
MOST = 40
WORDS = (
    "recorded",
    "cohort_gateway-1_lakeside",
    "1.2.3",
    f"sha256:{'5a' * 32}",
    "5a" * 32,
    "owner@lakeside.example",
    "U" + "A" * 55,
    "text/csv",
)
"""What strings with a pattern look like; the first that fits."""
BEGAN = datetime(2026, 11, 22, 9, tzinfo=UTC)
Json = dict[str, Any]


class Examples:
    """Values of a schema, drawn with one seed: recording again gives the same."""

    def __init__(self, schema: Json, seed: str, share: float) -> None:
        """`share` is how many of the members are given that may be left out."""
        self._root, self._random, self._share = schema, random.Random(seed), share

    def of(self, schema: Json) -> Any:
        if "$ref" in schema:
            return self.of(self._root["$defs"][schema["$ref"].rpartition("/")[2]])
        if "const" in schema:
            return schema["const"]
        for choice in ("enum", "anyOf", "oneOf"):
            if choice in schema:
                return self._choice(schema[choice], plain=choice == "enum")
        return self._typed(schema)

    def _choice(self, among: list[Any], *, plain: bool) -> Any:
        if plain:
            return self._random.choice(among)
        told = [one for one in among if one.get("type") != "null"]
        return self.of(self._random.choice(told or among))

    def _typed(self, schema: Json) -> Any:
        match schema.get("type"):
            case "object":
                return self._object(schema)
            case "array":
                return self._array(schema)
            case "string":
                return self._string(schema)
            case "integer" | "number":
                least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
                return min(least + self._random.randint(0, 3), schema.get("maximum", 10**6))
            case "boolean":
                return self._random.random() > 0.5
            case _:
                return {"any": "thing"}

    def _drawn(self) -> bool:
        return self._random.random() < self._share

    def _object(self, schema: Json) -> Json:
        required = set(schema.get("required", ()))
        wanted = {
            name: part for name, part in schema.get("properties", {}).items() if name in required or self._drawn()
        }
        made = {name: self.of(part) for name, part in wanted.items()}
        more = schema.get("additionalProperties")
        if isinstance(more, dict) and (self._drawn() or schema.get("minProperties")):
            name = self.of(schema["propertyNames"]) if "propertyNames" in schema else "one"
            made[name] = self.of(more)
        return made

    def _array(self, schema: Json) -> list[Any]:
        if "prefixItems" in schema:
            return [self.of(part) for part in schema["prefixItems"]]
        count = max(schema.get("minItems", 0), 1 if self._drawn() else 0)
        return [self.of(schema.get("items", {})) for _ in range(count)]

    def _string(self, schema: Json) -> str:
        match schema.get("format"):
            case "date-time":
                return (BEGAN + timedelta(seconds=self._random.randint(0, 10_000))).isoformat()
            case "binary" | "base64":
                return "cmVjb3JkZWQ="
        if "pattern" in schema:
            fitting = [word for word in WORDS if re.search(schema["pattern"], word)]
            if not fitting:
                raise SystemExit(f"no word fits `{schema['pattern']}`: add one to WORDS")
            return fitting[0]
        return "recorded".ljust(schema.get("minLength", 0), "-")[: schema.get("maxLength", MOST)]


def set_of_today() -> tuple[Path, str]:
    """Where the set of this version lies, and what is in it."""
    today = version("fedpact-contracts")
    return FOLDER / f"{today}.jsonl", "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    for kind, message in messages().items():
        for shares in ((1.0, 0.7), (0.0, 0.3)):
            data = _example(message, *shares)
            yield json.dumps({"type": kind, "data": data}, separators=(",", ":"))


def _example(message: type[Message], share: float, otherwise: float) -> Json:
    """An example; `otherwise` is the share where members depend on each other."""
    schema = message.model_json_schema(mode="validation")
    for attempt in range(TRIES):
        made = Examples(schema, f"{message.type}/{attempt}", otherwise if attempt else share).of(schema)
        try:
            message.model_validate_json(json.dumps(made))
        except ValidationError as error:
            last = error
            continue
        return dict(made)
    raise SystemExit(f"no example of `{message.type}` is valid: {last}")
