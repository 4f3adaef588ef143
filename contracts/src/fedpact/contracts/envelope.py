"""
How a message travels: CloudEvents 1.0, binary mode, on NATS headers.

Attributes are `ce-` headers, the payload alone is the body. `subject` is the aggregate's id, `sequence` counts
that aggregate's messages one number each, `causationid` names the message that brought this one about,
`correlationid` the first of the chain. `route` is the sender token of the causing command, so that another
system can be allowed to read only its own outcomes. `epoch` is the age of the publisher's store: a newer epoch
replaces an older one, whatever the sequences say.

Source of the header rules: CloudEvents NATS protocol binding (binary mode, percent-encoded values).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar
from urllib.parse import unquote
from uuid import NAMESPACE_URL, uuid4, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from fedpact.contracts import subjects
from fedpact.contracts.ids import Email, Id

TOKEN_HEADER = "fedpact-token"  # noqa: S105 - the name of a header
"""Carries the actor's access token beside a command. Never an attribute, never logged, never kept."""

SPECVERSION = "1.0"
"""Of CloudEvents."""
_ENCODED = frozenset('"%')
Name = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]
"""Printable ASCII without blanks: it becomes a header and a member name in stores."""
MessageId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]


class DomainError(Exception):
    """
    An expected refusal. The class docstring says what it means, `slug` is stable, the text is for a person.

    `path` names the failing member of the command (`content.datasets.0`), empty when it is the whole.
    """

    slug: ClassVar[str] = "refused"

    def __init__(self, reason: str, *, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path


class Model(BaseModel):
    """A frozen value of a contract. Unknown members are ignored, so that contracts can grow."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Strict(Model):
    """A value a person or another system writes: an unknown member is a mistake worth telling."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Actor(Model):
    """Who acts, as identity vouches for it in a verified token."""

    user: Id
    organization: Id
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    email: Email | None = None
    channel: Id = subjects.MAIN

    def has(self, *roles: str) -> bool:
        """Whether the actor holds one of `roles`; an owner holds those of the organization too."""
        return any(role in self.roles for role in roles)


class Message(Model, ABC):
    """Anything with a type that goes on the bus. `type` is `<context>.<entity>.<fact>` for facts."""

    type: ClassVar[str]
    stream: ClassVar[str]
    ttl: ClassVar[int | None] = None
    """Seconds until the stream may forget it; `None` keeps it."""

    @property
    @abstractmethod
    def key(self) -> str:
        """The id of the aggregate this message is about."""

    @abstractmethod
    def subject(self, channel: str, route: str) -> str:
        """Where the message is published."""

    def told_by(self, token: str, source: str) -> bool:  # noqa: ARG002 - whoever may publish there, unless said otherwise
        """
        Whether the last subject token, which the bus authenticates, may say this in the name of `source`.

        Consumers remember by source what they have heard: who could borrow another's could make them deaf to it.
        """
        return True

    @property
    def lifetime(self) -> int | None:
        """Seconds this very message may be forgotten after; the class's `ttl` unless it depends on the content."""
        return self.ttl


M = TypeVar("M", bound=Message)
FACTS: dict[str, type["Fact"]] = {}
COMMANDS: dict[str, type["Command"]] = {}


class Fact(Message):
    """Something that has happened, named in the past tense. Self-contained: nobody needs to ask back."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "type" in cls.__dict__:
            FACTS[cls.type] = cls
            if "stream" not in cls.__dict__:
                cls.stream = cls.type.split(".", 1)[0]

    def subject(self, channel: str, route: str) -> str:
        return subjects.fact(channel, self.type, route)


class Command(Message):
    """Something an actor wants, in the imperative. `type` is `<context>.<verb>`. Unknown members are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    stream: ClassVar[str] = "commands"

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "type" in cls.__dict__:
            COMMANDS[cls.type] = cls

    def subject(self, channel: str, route: str) -> str:
        context, verb = self.type.split(".", 1)
        return subjects.command(channel, context, verb, route)


class Outcome(Fact):
    """What became of a command. Each context publishes its own, under its own type."""

    command: str
    """Type of the command."""
    about: str
    """Id of the aggregate it spoke to."""
    command_id: str

    @property
    def key(self) -> str:
        return self.about


class Accepted(Outcome):
    """The command was carried out (perhaps by changing nothing). The facts it caused have its id as causation."""


class Refused(Outcome):
    """The command changed nothing, and why."""

    slug: str
    reason: str
    path: str = ""

    @property
    def key(self) -> str:
        return self.command_id


class Quarantined(Fact):
    """A consumer could not handle a message and set it aside; its neighbours went on."""

    consumer: str
    original_subject: str
    stream_sequence: int
    error: str

    @property
    def key(self) -> str:
        return self.consumer


A = TypeVar("A", bound=Model)


class Query(Model, Generic[A]):
    """`type` is `<context>.<verb>`; `Answer` is what comes back."""

    type: ClassVar[str]


class Denied(Model):
    """What comes back in place of the answer when the one who was asked refuses. `reason` is for a person."""

    slug: str
    reason: str


C = TypeVar("C", bound=Command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Generic[C]):
    """A command whose sender was verified: what `actor` wants, told to the domain at `now`."""

    command: C
    actor: Actor
    now: datetime


class Envelope(Model):
    """The attributes around one message. `id` is the same at every redelivery."""

    id: MessageId = Field(default_factory=lambda: str(uuid4()))
    source: Name
    type: Name
    subject: Name
    time: AwareDatetime
    sequence: Annotated[int, Field(ge=0, lt=2**63)] = 0
    epoch: Annotated[int, Field(ge=0, lt=2**63)] = 0
    correlationid: MessageId = ""
    causationid: MessageId | None = None
    route: Name = "hub"
    channel: Id = subjects.MAIN
    expirytime: AwareDatetime | None = None
    traceparent: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _correlates_with_itself(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("correlationid"):
            values = {**values, "id": values.get("id") or str(uuid4())}
            values["correlationid"] = values["id"]
        return values

    def headers(self) -> dict[str, str]:
        """The NATS headers of this envelope, `Nats-Msg-Id` included (publishing twice stores once)."""
        out = {"ce-specversion": SPECVERSION, "ce-datacontenttype": "application/json", "Nats-Msg-Id": self.id}
        for name, value in self.model_dump(mode="json", exclude_none=True).items():
            if name != "traceparent":
                out[f"ce-{name}"] = _encode(str(value))
        if self.traceparent:
            out["traceparent"] = self.traceparent
        return out

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self:
        """
        The envelope those headers spell.

        Raises `ValueError` for another version of CloudEvents, pydantic's `ValidationError` for a missing attribute.
        """
        found = {k.lower()[3:]: _decode(v) for k, v in headers.items() if k.lower().startswith("ce-")}
        lower = {k.lower(): v for k, v in headers.items()}
        if "traceparent" in lower:
            found["traceparent"] = lower["traceparent"]
        if (version := found.pop("specversion", SPECVERSION)) != SPECVERSION:
            raise ValueError(f"an envelope of version `{version}` cannot be read: version {SPECVERSION} can")
        return cls.model_validate(found)


def command_envelope(
    command: Command, *, sender: str, time: datetime, expires: datetime | None = None, message: str | None = None
) -> Envelope:
    """The envelope a sender puts around `command`; `message` is its id, a new one when it is left out."""
    return Envelope(
        id=message or str(uuid4()),
        source=f"fedpact/{sender}",
        type=command.type,
        subject=command.key,
        time=time,
        expirytime=expires,
        route=sender,
    )


def message_id(source: str, epoch: int, key: str, sequence: int) -> str:
    """The id of an aggregate's n-th message: the same after every crash, so that the stream stores it once."""
    return str(uuid5(NAMESPACE_URL, f"{source}/{epoch}/{key}/{sequence}"))


def _encode(value: str) -> str:
    return "".join(c if "!" <= c <= "~" and c not in _ENCODED else _percent(c) for c in value)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())


def _decode(value: str) -> str:
    return unquote(value, errors="strict")
