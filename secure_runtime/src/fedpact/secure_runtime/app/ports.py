"""What rendering needs from outside: the model's three functions, the custodians' bounds, and a place to run them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue

from fedpact.contracts.policies import Bounds
from fedpact.secure_runtime.domain.errors import RenderError


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """One payload to become a job. `dataset2gw` maps each dataset to its gateway."""

    payload: Mapping[str, JsonValue]
    dataset2gw: Mapping[str, str] = field(default_factory=dict)
    bounds: tuple[Bounds, ...] = ()


class ModelService(Protocol):
    """The functions a model's `secure_runtime_service.py` defines."""

    def parse(self, body: str) -> object: ...

    def validate(self, payload: object) -> None: ...

    def template(self, payload: object, dataset2gw: Mapping[str, str]) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One member of a payload that a bound does not allow."""

    path: str
    reason: str


BoundsCheck = Callable[[Mapping[str, JsonValue], Bounds], Sequence[Violation]]


class Sandbox(Protocol):
    """Where one rendering runs. It answers with the files or with the refusal, whatever the model's code does."""

    def render(self, request: RenderRequest) -> dict[str, str] | RenderError: ...
