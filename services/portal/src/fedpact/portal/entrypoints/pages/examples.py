"""What the form for a job begins with: a payload that ran, those the model's card gives, or one made of its schema."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from fedpact.contracts.registry import Example, VersionRecord

AGAIN = "The last payload again"
NEEDED = "What the model needs at least"
PLAIN: Mapping[str, JsonValue] = {"integer": 1, "number": 1, "string": "", "array": [], "object": {}, "boolean": False}
Payload = dict[str, JsonValue]


def examples_of(record: VersionRecord | None, last: Payload | None) -> Sequence[Example]:
    """What to choose from, the first of which is filled in."""
    ran = [] if last is None else [Example(title=AGAIN, payload=last)]
    given = record.examples if record else ()
    if record is None or ran or given:
        return [*ran, *given]
    return [Example(title=NEEDED, payload=payload_example(record.payload_schema))]


def payload_example(schema: Payload) -> Payload:
    """A payload to begin with: the schema's own example, or a value of the right kind for each property it needs."""
    examples = schema.get("examples")
    if isinstance(examples, list) and examples and isinstance(examples[0], dict):
        return examples[0]
    properties = schema.get("properties")
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    known = properties if isinstance(properties, dict) else {}
    return {name: _value(known.get(name)) for name in names if isinstance(name, str)}


def _value(schema: JsonValue) -> JsonValue:
    if not isinstance(schema, dict):
        return None
    for name in ("const", "default", "minimum"):
        if name in schema:
            return schema[name]
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    return PLAIN.get(str(schema.get("type")))
