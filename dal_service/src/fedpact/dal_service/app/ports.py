"""What the DAL needs from the outside. Folders and buckets are a `Source` each: one is sent, the other written."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import BinaryIO, Protocol, TypeVar

from fedpact.contracts.registry import DatasetShape
from fedpact.dal_service.domain.model import Bearer, Place
from fedpact.dal_service.domain.paths import Address

T = TypeVar("T")


class Outlet(Protocol):
    """Where the bytes of an object go."""

    async def write(self, chunk: bytes) -> None: ...

    async def sendfile(self, file: BinaryIO, offset: int, count: int) -> int:
        """Let the kernel copy; returns how many bytes went."""
        ...


class Opened(Protocol):
    """An object that stays what it was when it was opened, whatever happens to its name."""

    @property
    def size(self) -> int: ...

    @property
    def tag(self) -> str: ...

    async def read(self, start: int, length: int) -> bytes:
        """A small part; less when the object turned out shorter."""
        ...

    async def send(self, outlet: Outlet, start: int, length: int) -> bool:
        """A large part; False when the object turned out shorter."""
        ...

    def close(self) -> None: ...


class Source(Protocol):
    """A kind of storage."""

    async def open(self, place: Place, *, whole: bool) -> Opened:
        """
        The object at `place`; `MissingError` when there is none, or anything but a regular one.

        `whole`: all of it will be read, so that it may be asked for right away.
        """
        ...

    async def entries(self, place: Place) -> Sequence[Address]:
        """Everything below a folder, in order, folders with a trailing slash."""
        ...

    async def inspect(self, path: str) -> DatasetShape:
        """What lies there; `MappingRefusedError` with the reason when it cannot be served."""
        ...

    async def fault(self) -> str | None:
        """What is wrong with the storage, for readiness."""
        ...


class Tokens(Protocol):
    """Verification, once per token as long as its key is trusted."""

    def bearer(self, token: str, now: datetime) -> Bearer:
        """What the token says; `UnauthenticatedError` when it does not count."""
        ...


class Shelf(Protocol[T]):
    """State that survives the process. Reading is free; what cannot be written is not believed."""

    def find(self, key: str) -> T | None: ...

    def every(self) -> Sequence[T]: ...

    async def put(self, key: str, value: T) -> None: ...

    async def change(self, key: str, step: Callable[[T], T]) -> T | None:
        """The value after `step`; `None`, and nothing written, when there is none any more."""
        ...

    async def drop(self, key: str) -> None:
        """Idempotent. It is gone here at once, even when the store fails."""
        ...
