"""
What another service owns, as this one last heard it.

A copy is the newest fact about a key, kept under the fact's own sequence: a redelivery or an older fact changes
nothing. Nothing is published.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from fedpact.chassis.aggregates import Cause, Kind, Stored
from fedpact.chassis.documents import Documents
from fedpact.contracts.envelope import Fact

F = TypeVar("F", bound=Fact)


class Copies(Generic[F]):
    """The newest fact of one type per key."""

    def __init__(
        self, documents: Documents, kind: type[F], indexes: Mapping[str, Callable[[F], Iterable[str]]] | None = None
    ) -> None:
        self._kept: Stored[F] = Stored(
            documents,
            Kind(
                source=f"copy/{kind.type}",
                state=kind,
                evolve=lambda _, fact: kind.model_validate(fact.model_dump()),
                indexes=indexes or {},
                silent=True,
            ),
        )

    async def keep(self, fact: F, cause: Cause) -> None:
        """Remember `fact` unless a newer one about the same key is known."""
        await self._kept.change(fact.key, lambda _: [fact], cause)

    async def find(self, key: str) -> F | None:
        return await self._kept.find(key)

    async def where(self, index: str, value: str) -> Sequence[F]:
        return await self._kept.where(index, value)

    async def every(self) -> Sequence[F]:
        return await self._kept.every()
