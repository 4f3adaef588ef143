"""
One definition of every operation, for both clients.

A method under `@verb` is a flow: what has to be done, without a way to do it. Read from a noun of the synchronous
client it is a function that does it; read from one of the asynchronous client, a function whose result is awaited.
Type checkers see the difference by the noun's type, `Specs[Hub]` or `Specs[AsyncHub]`. `@series` is the same for flows
that tell many things, which are iterated over.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, overload

from fedpact.client.async_hub import AsyncHub
from fedpact.client.given import given
from fedpact.client.hub import Hub
from fedpact.client.steps import Flow, Telling
from fedpact.client.way import Way

H = TypeVar("H", bound=Way)
H_co = TypeVar("H_co", bound=Way, covariant=True)
P = ParamSpec("P")
R = TypeVar("R")


class Driven(Protocol[H_co]):
    """Whatever has a way to the portal."""

    @property
    def hub(self) -> H_co: ...


@dataclass(frozen=True, slots=True)
class Noun(Generic[H]):
    """A kind of thing one speaks about with a federation."""

    hub: H


class Verb(Generic[P, R]):
    """A flow that gives one answer."""

    def __init__(self, flow: Callable[Concatenate[Any, P], Flow[R]]) -> None:
        self.flow, self.__doc__ = flow, flow.__doc__

    @overload
    def __get__(self, noun: None, owner: type) -> Self: ...
    @overload
    def __get__(self, noun: Driven[Hub], owner: type) -> Callable[P, R]: ...
    @overload
    def __get__(self, noun: Driven[AsyncHub], owner: type) -> Callable[P, Coroutine[Any, Any, R]]: ...
    def __get__(self, noun: Driven[Hub] | Driven[AsyncHub] | None, owner: type) -> Any:
        if noun is None:
            return self
        return _asked(self.flow, noun, noun.hub.run)


class Series(Generic[P, R]):
    """A flow that tells many things."""

    def __init__(self, flow: Callable[Concatenate[Any, P], Telling[R]]) -> None:
        self.flow, self.__doc__ = flow, flow.__doc__

    @overload
    def __get__(self, noun: None, owner: type) -> Self: ...
    @overload
    def __get__(self, noun: Driven[Hub], owner: type) -> Callable[P, Iterator[R]]: ...
    @overload
    def __get__(self, noun: Driven[AsyncHub], owner: type) -> Callable[P, AsyncIterator[R]]: ...
    def __get__(self, noun: Driven[Hub] | Driven[AsyncHub] | None, owner: type) -> Any:
        if noun is None:
            return self
        return _asked(self.flow, noun, noun.hub.told)


def verb(flow: Callable[Concatenate[Any, P], Flow[R]]) -> Verb[P, R]:
    """An operation that is answered once."""
    return Verb(flow)


def series(flow: Callable[Concatenate[Any, P], Telling[R]]) -> Series[P, R]:
    """An operation that is iterated over."""
    return Series(flow)


def _asked(flow: Callable[..., Any], noun: object, run: Callable[[Any], Any]) -> Callable[..., Any]:
    """`run` of the flow, called and documented as a method of `noun` is."""
    bound = flow.__get__(noun)

    @wraps(bound)
    def ask(*args: object, **kwargs: object) -> object:
        with given():
            asked = bound(*args, **kwargs)
        return run(_followed(asked))

    return ask


def _followed(flow: Generator[Any, Any, R]) -> Generator[Any, Any, R]:
    """The same flow; what it finds wrong with what it was given is told as that."""
    with given():
        return (yield from flow)
