"""What happened, in the HTTP API."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.ids import Id


class EventQuery(Strict):
    """Which events to send: all one may see, or those of one spec or of one chain of causes."""

    spec: Id | None = None
    correlation: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class TimelineEntry(Model):
    """Something that happened. `id` is its place in its stream, the same for everybody and for ever."""

    id: str
    type: str
    time: AwareDatetime
    about: str
    text: str
    spec_id: str | None = None
    job_id: str | None = None
    correlation: str = ""


class TimelineView(Model):
    entries: tuple[TimelineEntry, ...]
