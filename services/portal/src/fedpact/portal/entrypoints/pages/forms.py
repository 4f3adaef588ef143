"""
What a browser sends with a form, as values of the contracts.

A field left empty counts as left out. What does not fit is a `ValidationError` or a `MalformedRequestError`; a form
is shown again with it, so that nobody types anything twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from multidict import MultiDict, MultiDictProxy
from pydantic import JsonValue, ValidationError

from fedpact.contracts import strict_json
from fedpact.contracts.envelope import DomainError
from fedpact.contracts.mistakes import misfits
from fedpact.contracts.pact import Limit
from fedpact.portal.domain.errors import MalformedRequestError

LIMITS = (Limit.NETWORK, Limit.MEMORY, Limit.CPU, Limit.PROCESSES)
"""What one may require; no gateway enforces any other yet."""
KEY, CSRF = "key", "csrf"
"""Hidden fields of every form: the idempotency key, and the mark that the form is ours."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one form."""

    fields: MultiDictProxy[str] = field(default_factory=lambda: MultiDictProxy(MultiDict()))

    def text(self, name: str) -> str:
        """What is in the field, without spaces around it."""
        return self.fields.get(name, "").strip()

    def given(self, name: str) -> str | None:
        """The same; `None` when it is empty."""
        return self.text(name) or None

    def many(self, name: str) -> tuple[str, ...]:
        """What is ticked or chosen."""
        return tuple(value for value in self.fields.getall(name, []) if value)

    def ticked(self, name: str) -> bool:
        return bool(self.text(name))

    def json(self, name: str) -> JsonValue:
        """JSON that a person typed."""
        try:
            return strict_json.loads(self.text(name) or "{}")
        except DomainError as error:
            raise MalformedRequestError(error.reason, path=name) from error


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with a form. `path` is the member, empty when it is the whole."""

    text: str
    path: str = ""


def mistakes(error: DomainError | ValidationError) -> Sequence[Mistake]:
    """What is wrong, in words for the person who filled the form in."""
    if isinstance(error, DomainError):
        return [Mistake(error.reason, error.path)]
    return [Mistake(one.text, one.path) for one in misfits(error)]
