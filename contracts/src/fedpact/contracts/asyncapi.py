"""The AsyncAPI 3.0 document of the bus, made from the messages themselves."""

from typing import Any

from fedpact.contracts import catalog, subjects
from fedpact.contracts.directives import Directive, ProposalDirective
from fedpact.contracts.envelope import Command, Envelope, Fact, Message, Model
from fedpact.contracts.telemetry import GatewayAlive, MetricsReported

Json = dict[str, Any]
_PARAMETERS = {
    "channel": "group of organizations that share users, assets and specs; `main` unless configured",
    "route": "who sent the causing command; at an agent's observations the gateway itself",
    "sender": "who sends; the bus lets everybody use only their own",
    "gateway": "the site that is addressed or speaks",
    "spec": "compute spec id",
    "proposal": "id of a proposed dataset",
    "part": "participant, `server`, or job id",
}


def document(version: str) -> Json:
    """The whole document; `version` is the product's."""
    messages = catalog.messages()
    channels = {kind: _channel(kind, message) for kind, message in messages.items()}
    channels |= {f"query.{kind}": _question(kind, pair[0], pair[1]) for kind, pair in catalog.asked().items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Fedpact",
            "version": version,
            "license": {"name": "Apache-2.0"},
            "description": "CloudEvents 1.0 in binary mode over NATS JetStream: attributes are `ce-` headers, "
            "the payload alone is the body. Commands carry an access token in the header `fedpact-token`.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {kind: _operation(kind) for kind in channels},
        "components": {"messageTraits": {"cloudevent": {"headers": _headers()}}},
    }


def address(kind: str, message: type[Message]) -> str:
    """The subject of a message with its variable tokens in braces."""
    if issubclass(message, Directive):
        return "fedpact.dir.{channel}.{gateway}.{spec}.{part}"
    if issubclass(message, ProposalDirective):
        return f"fedpact.dir.{{channel}}.{{gateway}}.{{proposal}}.{subjects.PROPOSAL}"
    if issubclass(message, MetricsReported):
        return "fedpact.tel.{channel}.metrics.{gateway}"
    if issubclass(message, GatewayAlive):
        return "fedpact.tel.{channel}.alive.{gateway}"
    context, rest = kind.split(".", 1)
    if issubclass(message, Command):
        return f"fedpact.cmd.{{channel}}.{context}.{rest}.{{sender}}"
    last = "gateway" if context == "workloads" else "route"
    return f"fedpact.evt.{{channel}}.{kind}.{{{last}}}"


def schema(message: type[Model]) -> Json:
    """The JSON Schema of a payload, as another system validates it."""
    return message.model_json_schema(mode="serialization" if issubclass(message, Fact) else "validation")


def _channel(kind: str, message: type[Message]) -> Json:
    where = address(kind, message)
    return {
        "address": where,
        "description": f"stream `{message.stream}`",
        "messages": {"message": _message(kind, message)},
        "parameters": {n: {"description": text} for n, text in _PARAMETERS.items() if f"{{{n}}}" in where},
    }


def _message(kind: str, message: type[Model]) -> Json:
    return {
        "name": kind,
        "title": message.__name__,
        "summary": (message.__doc__ or "").strip(),
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "payload": schema(message),
    }


def _question(kind: str, question: type[Model], answer: type[Model]) -> Json:
    context, verb = kind.split(".", 1)
    asked = _message(kind, question) | {"description": "core request; the reply is not kept"}
    return {
        "address": f"fedpact.qry.{context}.{verb}",
        "messages": {"question": asked, "answer": {"name": answer.__name__, "payload": answer.model_json_schema()}},
    }


def _operation(kind: str) -> Json:
    return {"action": "send", "channel": {"$ref": f"#/channels/{kind}"}}


def _headers() -> Json:
    properties = Envelope.model_json_schema()["properties"]
    ours = {f"ce-{name}": shape for name, shape in properties.items() if name != "traceparent"}
    return {
        "type": "object",
        "required": ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time"],
        "properties": {"ce-specversion": {"const": "1.0"}, **ours, "traceparent": {"type": "string"}},
    }
