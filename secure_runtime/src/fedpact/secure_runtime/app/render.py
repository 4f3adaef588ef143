"""
One payload becomes one job: bounds, parse, validate, template, in this order.

The custodians' bounds come first, so that no model code sees a payload that they refuse. What the model's `parse` and
`validate` say in a `ValueError` is for the sender; any other failure is the model's and told by its kind alone.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from fedpact.contracts.mistakes import first_misfit
from fedpact.secure_runtime.app.ports import BoundsCheck, ModelService, RenderRequest
from fedpact.secure_runtime.domain.errors import ModelFaultError, PayloadInvalidError, PayloadOutOfBoundsError
from fedpact.secure_runtime.domain.files import FileLimits, job_files

R = TypeVar("R")
_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """The steps of one rendering, run inside a sandbox."""

    model: ModelService
    check: BoundsCheck
    limits: FileLimits

    def render(self, request: RenderRequest) -> dict[str, str]:
        """The job's files. Raises a `RenderError` for every expected refusal."""
        for bounds in request.bounds:
            for violation in self.check(request.payload, bounds):
                raise PayloadOutOfBoundsError(violation.reason, path=violation.path)
        body = json.dumps(request.payload, allow_nan=False)
        payload = _heard("parse", lambda: self.model.parse(body))
        _heard("validate", lambda: self.model.validate(payload))
        return job_files(self.model.template(payload, request.dataset2gw), self.limits)


def _heard(step: str, call: Callable[[], R]) -> R:
    try:
        return call()
    except ValidationError as refusal:
        first = first_misfit(refusal)
        reason = f"`{first.path}`: {first.text}" if first.path else first.text
        raise PayloadInvalidError(reason, path=first.path) from refusal
    except (UnicodeError, json.JSONDecodeError) as fault:
        raise ModelFaultError(f"the model's `{step}` failed with `{type(fault).__name__}`") from fault
    except ValueError as refusal:
        raise PayloadInvalidError(str(refusal)[:_LONGEST_REASON] or f"the model's `{step}` refused it") from refusal
