"""
What another service owns, as this one last heard it.

A copy is the newest fact about a key, kept under the fact's own sequence: a redelivery or an older fact changes
nothing, and what was ended stays ended until a newer fact says otherwise. Nothing is published.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from fedpact.chassis.aggregates import Cause, Kind, Stored
from fedpact.chassis.documents import Documents
from fedpact.contracts.envelope import Fact

F = TypeVar("F", bound=Fact)
Kept = dict[str, Any]
"""The fact as JSON; empty once it was ended."""


class Copies(Generic[F]):
    """The newest fact of one type per key."""

    def __init__(
        self, documents: Documents, kind: type[F], indexes: Mapping[str, Callable[[F], Iterable[str]]] | None = None
    ) -> None:
        self._type = kind
        self._kept: Stored[Kept] = Stored(
            documents,
            Kind(
                source=f"copy/{kind.type}",
                state=Kept,
                evolve=lambda _, fact: fact.model_dump(mode="json") if isinstance(fact, kind) else {},
                indexes={name: self._index(of) for name, of in (indexes or {}).items()},
                silent=True,
            ),
        )

    async def keep(self, fact: F, cause: Cause) -> None:
        """Remember `fact` unless a newer one about the same key is known."""
        await self._kept.change(fact.key, lambda _: [fact], cause)

    async def end(self, fact: Fact, cause: Cause) -> None:
        """Forget the key that `fact` ends, unless a newer one is known."""
        await self._kept.change(fact.key, lambda _: [fact], cause)

    async def find(self, key: str) -> F | None:
        return self._read(await self._kept.find(key))

    async def where(self, index: str, value: str) -> Sequence[F]:
        return self._present(await self._kept.where(index, value))

    async def every(self) -> Sequence[F]:
        return self._present(await self._kept.every())

    def _read(self, kept: Kept | None) -> F | None:
        return self._type.model_validate(kept) if kept else None

    def _present(self, found: Iterable[Kept]) -> Sequence[F]:
        return [self._type.model_validate(kept) for kept in found if kept]

    def _index(self, of: Callable[[F], Iterable[str]]) -> Callable[[Kept], Iterable[str]]:
        return lambda kept: of(self._type.model_validate(kept)) if kept else ()
