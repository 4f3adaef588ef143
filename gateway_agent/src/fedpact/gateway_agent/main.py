"""Runs an agent in its role. Only the role's own modules are loaded."""

from fedpact.chassis import service
from fedpact.chassis.service import Service
from fedpact.gateway_agent.settings import Settings


def compose(settings: Settings) -> Service:
    """The agent of `settings`."""
    if settings.role == "orchestrator":
        from fedpact.gateway_agent import orchestrator  # noqa: PLC0415 - a gateway loads nothing of the orchestrator's

        return orchestrator.compose(settings)
    from fedpact.gateway_agent import gateway  # noqa: PLC0415 - and the other way round

    return gateway.compose(settings)


def run() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = Settings()
    service.run(lambda: compose(settings), settings, settings.gateway)
