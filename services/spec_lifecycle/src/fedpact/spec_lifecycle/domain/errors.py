"""
Why a command about a spec is refused.

* SpecError
  - UnknownSpecError            no spec has this id
  - SpecExistsError             the id is taken
  - UnknownDatasetError         a dataset in the pact is not registered
  - UnknownModelError           the model or its version is not registered
  - SameGatewayError            two datasets of one spec sit on one gateway
  - NotAllowedError             the actor may not do this
  - NotApprovedError            the policies do not allow the spec, or have not been asked yet
  - AlreadyActivatedError       one activation at a time a spec
  - StaleGenerationError        the sender looks at an older generation
  - InvalidSpecError            the spec can never run again
"""

from collections.abc import Iterable
from difflib import get_close_matches

from fedpact.contracts.envelope import DomainError


class SpecError(DomainError):
    """A command about a spec is refused."""


class UnknownSpecError(SpecError):
    slug = "unknown_spec"

    def __init__(self, spec: str) -> None:
        super().__init__(f"there is no compute spec `{spec}`: `fedpact specs list` shows yours", path="spec_id")


class SpecExistsError(SpecError):
    slug = "spec_exists"

    def __init__(self, spec: str) -> None:
        super().__init__(f"the id `{spec}` is taken: choose another", path="spec_id")


class UnknownDatasetError(SpecError):
    slug = "unknown_dataset"

    def __init__(self, dataset: str, index: int, known: Iterable[str] = ()) -> None:
        text = f"no dataset `{dataset}` is registered: see `fedpact datasets list`{_meant(dataset, known)}"
        super().__init__(text, path=f"content.datasets.{index}")


class UnknownModelError(SpecError):
    slug = "unknown_model"

    def __init__(self, model: str, version: str, known: Iterable[str], models: Iterable[str] = ()) -> None:
        versions = ", ".join(f"`{v}`" for v in known)
        if versions:
            text = f"model `{model}` has no version `{version}`: use one of {versions}"
        else:
            text = f"no model `{model}` is registered: see `fedpact models list`{_meant(model, models)}"
        super().__init__(text, path="content.model")


def _meant(name: str, known: Iterable[str]) -> str:
    return "".join(f"; did you mean `{close}`?" for close in get_close_matches(name, known, n=1))


class SameGatewayError(SpecError):
    slug = "same_gateway"

    def __init__(self, gateway: str, index: int) -> None:
        text = f"two datasets of one spec sit on gateway `{gateway}`: put each in a spec of its own"
        super().__init__(text, path=f"content.datasets.{index}")


class NotAllowedError(SpecError):
    slug = "not_allowed"


class NotApprovedError(SpecError):
    slug = "not_approved"


class AlreadyActivatedError(SpecError):
    slug = "already_activated"

    def __init__(self, status: str) -> None:
        super().__init__(f"the spec is `{status}`: wait, deactivate it first, or clone it to run in parallel")


class StaleGenerationError(SpecError):
    slug = "stale_generation"

    def __init__(self, expected: int, actual: int) -> None:
        text = f"you expected generation {expected}, it is {actual} now: look at the spec again"
        super().__init__(text, path="expected_generation")


class InvalidSpecError(SpecError):
    slug = "invalid_spec"
