"""Metrics of messages, labelled by what kind they are."""

from collections.abc import Mapping
from typing import Any

from faststream.nats.prometheus.provider import NatsMetricsSettingsProvider
from faststream.prometheus.middleware import PrometheusMiddleware
from prometheus_client import CollectorRegistry

from fedpact.contracts.envelope import COMMANDS, FACTS


class _ByType(NatsMetricsSettingsProvider):
    """Labels by message type: subjects hold ids and would grow without bound."""

    def get_consume_attrs_from_message(self, msg: Any) -> Any:
        return {"destination_name": _label(msg.headers), "message_size": len(msg.body), "messages_count": 1}

    def get_publish_destination_name_from_cmd(self, cmd: Any) -> str:
        return _label(cmd.headers)


def counting(registry: CollectorRegistry, service: str) -> PrometheusMiddleware:
    """Counts in `registry` what the service takes and sends."""
    return PrometheusMiddleware(registry=registry, app_name=service, settings_provider_factory=lambda _: _ByType())


def _label(headers: Mapping[str, str] | None) -> str:
    """The type a message claims, if there is one of that name."""
    kind = (headers or {}).get("ce-type", "")
    return kind if kind in FACTS or kind in COMMANDS else "other"
