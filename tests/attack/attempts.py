"""What an intruder tried, with whose credentials, and what that met."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from fedpact.infra.demo_world import World
from fedpact.infra.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """`row` is the beginning of the asset in the threat model that was after."""

    row: str
    who: str
    what: str
    met: str
    refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A running federation with something to steal in it."""

    layout: Layout
    world: World
    ports: dict[str, int]
    datasets: tuple[str, ...]
    prey: str
    """A scientist's spec on the data of the first hospital alone."""
    lacking: list[str] = field(default_factory=list)
    """What could not be tried here, and why."""

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def token(self, user: str) -> str:
        return self.world.issuer.by_name(user).access_token


Attack = Callable[[Target], AsyncIterator[Attempt]]
