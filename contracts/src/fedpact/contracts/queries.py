"""Questions one service answers another at once: core request and reply, nothing is kept."""

from typing import Any, ClassVar, TypeVar

from pydantic import AwareDatetime, Field, JsonValue

from fedpact.contracts.envelope import Actor, Model, Query
from fedpact.contracts.ids import Id
from fedpact.contracts.previews import PolicyEdit, Preview
from fedpact.contracts.scheduling import Shortfall

A = TypeVar("A", bound=Model)


class Keys(Model):
    """
    A JSON Web Key Set, and whose tokens end before their time.

    `ended`: user -> second since 1970 before which a token of that user counts no more, because something was taken
    from the user since. Only users of whom unexpired tokens can exist are named.
    """

    keys: tuple[dict[str, JsonValue], ...]
    ended: dict[Id, int] = Field(default_factory=dict)


class AskKeys(Query[Keys]):
    """The public keys identity signs tokens with."""

    type: ClassVar[str] = "identity.keys"


class OrganizationKnown(Model):
    """Whether an organization is registered."""

    known: bool


class AskOrganization(Query[OrganizationKnown]):
    """Whether identity knows an organization now: who registered it a moment ago is not told that it is unknown."""

    type: ClassVar[str] = "identity.organization"

    organization: Id


class Wait(Model):
    """Why an activation waits: what is missing where, and how many are ahead. No names."""

    waiting: bool
    ahead: int = 0
    shortfalls: tuple[Shortfall, ...] = ()


class AskWait(Query[Wait]):
    type: ClassVar[str] = "scheduling.why"

    spec_id: Id


class UploadTicket(Model):
    """
    Permission to store one job's results, by HTTP PUT under `url` with the bearer token.

    `server_log`: whether the custodians let the FLARE server's log of the job be among them.
    """

    url: str
    token: str
    expires: AwareDatetime
    server_log: bool = False


class AskUpload(Query[UploadTicket]):
    type: ClassVar[str] = "jobs.upload"

    job_id: Id
    spec_id: Id
    gateway: Id


class DownloadTicket(Model):
    """Permission to read one stored file for a short while, by HTTP GET of `url` with the bearer token."""

    url: str
    token: str
    expires: AwareDatetime


class AskDownload(Query[DownloadTicket]):
    """Whoever the access token vouches for wants the artifact: not the asker decides whether they may."""

    type: ClassVar[str] = "jobs.download"

    artifact_id: Id
    token: str = Field(repr=False)


class AskPreview(Query[Preview]):
    """The asker has made sure that `actor` is who asks."""

    type: ClassVar[str] = "policy.preview"

    actor: Actor
    edit: PolicyEdit


QUERIES: tuple[tuple[type[Query[Any]], type[Model]], ...] = (
    (AskKeys, Keys),
    (AskOrganization, OrganizationKnown),
    (AskDownload, DownloadTicket),
    (AskPreview, Preview),
    (AskUpload, UploadTicket),
    (AskWait, Wait),
)
"""Every question with its answer."""
