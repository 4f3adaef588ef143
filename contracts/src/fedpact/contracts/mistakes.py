"""What does not fit a model, as members and sentences for a person: the one reading of pydantic's errors."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """One thing that does not fit, at a `place` of the document. `kind` is pydantic's word for it."""

    place: tuple[str | int, ...]
    text: str
    kind: str

    @property
    def path(self) -> str:
        """The member as people write it, `content.datasets.0`; empty when it is the whole."""
        return ".".join(str(part) for part in self.place)


def misfits(error: ValidationError) -> Sequence[Misfit]:
    """All of them. Pydantic's own words do not repeat what was given."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [Misfit(place=one["loc"], text=_sentence(one["msg"]), kind=one["type"]) for one in found]


def first_misfit(error: ValidationError) -> Misfit:
    """The one to tell where only one is told."""
    return misfits(error)[0]


def _sentence(said: str) -> str:
    text = said.removeprefix("Value error, ")
    return text[:1].lower() + text[1:]
