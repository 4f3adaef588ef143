"""Which questions this service answers: who may store and who may read results. A refusal is an answer too."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import ValidationError

from fedpact.chassis.bus import Bus
from fedpact.contracts.envelope import DomainError, Model
from fedpact.contracts.queries import AskDownload, AskUpload, Denied
from fedpact.jobs.app.results import Results

Q = TypeVar("Q", bound=Model)
A = TypeVar("A", bound=Model)


def subscribe(bus: Bus, results: Results) -> None:
    bus.answer("jobs", "upload", replying(AskUpload, results.upload))
    bus.answer("jobs", "download", replying(AskDownload, results.download))


def replying(kind: type[Q], answer: Callable[[Q], Awaitable[A]]) -> Callable[[bytes], Awaitable[str]]:
    """`answer` as the bus calls it: JSON in, JSON out."""

    async def reply(body: bytes) -> str:
        try:
            said: Model = await answer(kind.model_validate_json(body))
        except ValidationError as error:
            said = Denied(
                slug="malformed", reason=f"the question is not a `{kind.__name__}`: {error.error_count()} errors"
            )
        except DomainError as error:
            said = Denied(slug=error.slug, reason=error.reason)
        return said.model_dump_json()

    return reply
