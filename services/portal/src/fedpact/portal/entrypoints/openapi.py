"""
The OpenAPI 3.1 document, made from the route table and the API's models. Nobody writes it by hand.

    python -m fedpact.portal.entrypoints.openapi > docs/openapi.json
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import CoreModeRef, CoreRef, DefsRef, GenerateJsonSchema, JsonSchemaMode, models_json_schema

from fedpact.contracts.api import KEY_PATTERN, CommandView, Problem
from fedpact.contracts.ids import DatasetId, Id
from fedpact.portal.app.feed import CURSOR
from fedpact.portal.entrypoints.routes import ROUTES, Route

VERSION = "0.1.0"
Schema = dict[str, Any]
Schemas = Mapping[Any, Schema]
"""Model and mode -> a reference to its schema."""
_PAGE = re.compile(r"Page:\d+\[(?:[\w.]*\.)?(\w+?)(?:View|Summary)(:\d+)\]")
_PARAMETER = re.compile(r"\{(\w+)\}")
_PATHS: Mapping[str, Schema] = {
    "id": TypeAdapter(Id).json_schema(),
    "dataset": TypeAdapter(DatasetId).json_schema(),
    "command": {"type": "string", "minLength": 1, "maxLength": 64},
    "name": {"type": "string", "minLength": 1, "maxLength": 200},
}
"""What the parts of a path look like; those that are not named are ids."""
_GAP: Schema = {
    "type": "object",
    "additionalProperties": False,
    "description": "`fedpact.gap`: more was missed than is told again",
}
FILE, EVENTS = "application/octet-stream", "text/event-stream"


class _Named(GenerateJsonSchema):
    """Pages of a list are named after what they list: `SpecPage`, not `Page_SpecSummary_`."""

    def get_defs_ref(self, core_mode_ref: CoreModeRef) -> DefsRef:
        core_ref, mode = core_mode_ref
        return super().get_defs_ref((CoreRef(_PAGE.sub(r"\1Page\2", core_ref)), mode))


def document(routes: Sequence[Route]) -> Schema:
    """The API that `routes` are."""
    references, components = _schemas(routes)
    paths: Schema = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.value.lower()] = _operation(route, references, components)
    for route in routes:
        if route.query is not None:
            components.pop(route.query.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fedpact",
            "version": VERSION,
            "description": "Governed federated computation. Errors are RFC 9457 problems with a stable `slug`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _schemas(routes: Sequence[Route]) -> tuple[Schemas, Schema]:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization"), (CommandView, "serialization")]
    for route in routes:
        models += [(model, "validation") for model in (route.body, route.query) if model is not None]
        models += [(route.answer, "serialization")] if route.answer else []
    references, definitions = models_json_schema(
        list(dict.fromkeys(models)), ref_template="#/components/schemas/{model}", schema_generator=_Named
    )
    return references, dict(definitions["$defs"])


def _operation(route: Route, references: Schemas, components: Schema) -> Schema:
    operation: Schema = {
        "operationId": route.handler,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": _parameters(route, components),
        "responses": _responses(route, references),
    }
    if route.body is not None:
        content = {"application/json": {"schema": references[route.body, "validation"]}}
        operation["requestBody"] = {"required": True, "content": content}
    if route.public:
        operation["security"] = []
    if route.roles:
        operation["x-fedpact-roles"] = [role.value for role in route.roles]
    return operation


def _parameters(route: Route, components: Schema) -> list[Schema]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": _PATHS.get(name, _PATHS["id"])}
        for name in _PARAMETER.findall(route.path)
    ]
    if route.query is not None:
        properties = components[route.query.__name__]["properties"]
        found += [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]
    if route.write:
        told = "The same key is the same command: send the request again and get the same answer"
        found.append(_header("Idempotency-Key", told, _pattern(KEY_PATTERN)))
    if route.media == FILE:
        found.append(_header("Range", "One range of bytes, `bytes=100-`: a download that broke off goes on"))
        found.append(_header("If-Range", "The `ETag` of the content the range is meant of"))
    if route.media == EVENTS:
        found.append(_header("Last-Event-ID", "The id of the last event that was heard", _pattern(CURSOR)))
    return found


def _header(name: str, description: str, schema: Schema | None = None) -> Schema:
    told = schema or {"type": "string", "maxLength": 200}
    return {"name": name, "in": "header", "description": description, "schema": told}


def _pattern(pattern: re.Pattern[str]) -> Schema:
    """A header's pattern, in the dialect of JSON Schema."""
    return {"type": "string", "pattern": pattern.pattern.replace(r"\Z", "$")}


def _responses(route: Route, references: Schemas) -> Schema:
    content: Schema = {}
    if route.media == EVENTS and route.answer is not None:
        content = {"schema": _event(references[route.answer, "serialization"])}
    elif route.answer is not None:
        content = {"schema": references[route.answer, "serialization"]}
    elif route.media == "application/json":
        content = {"schema": {"type": "object"}}
    found: Schema = {str(route.status): {"description": route.summary, "content": {route.media: content}}}
    if route.write:
        found[str(route.status)]["headers"] = {
            "Fedpact-Sequence": {"schema": {"type": "string"}, "description": "give it to a read as `min_sequence`"}
        }
        schema = references[CommandView, "serialization"]
        pending = "The owning service has not answered yet: look at `status_url`"
        found["202"] = {"description": pending, "content": {"application/json": {"schema": schema}}}
    if route.media == FILE:
        found["206"] = {"description": "The range that was asked for", "content": {route.media: content}}
    told = {"application/problem+json": {"schema": references[Problem, "serialization"]}}
    return found | {
        str(status): {"description": HTTPStatus(status).phrase, "content": told} for status in route.problems
    }


def _event(entry: Schema) -> Schema:
    """One server-sent event, field by field; what its data say is JSON."""
    told = {"type": "string", "contentMediaType": "application/json", "contentSchema": {"anyOf": [entry, _GAP]}}
    fields = {"event": {"type": "string"}, "id": {"type": "string"}, "data": told}
    return {"type": "object", "required": ["data"], "properties": fields}


def text() -> str:
    """The document as it is committed."""
    return json.dumps(document(ROUTES), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
