"""The hub about itself and about the commands it was sent."""

from typing import Literal

from fedpact.contracts.envelope import Actor, Model
from fedpact.contracts.ids import Id


class ConfigView(Model):
    """What a client needs before it can log in. Log in at `issuer`."""

    issuer: str
    channel: Id
    version: str


class StatusView(Model):
    """`checks`: part of the hub -> `ok`, or what is wrong with it."""

    ready: bool
    checks: dict[str, str]


class MeView(Actor):
    """Who the token vouches for."""


class CommandView(Model):
    """
    What became of a command. `pending` is also said of one whose answer the read model has not seen yet.

    `sequence` of an accepted one can be given to a read as `min_sequence`.
    """

    command_id: str
    command: str
    about: str
    status: Literal["pending", "accepted", "refused"]
    status_url: str
    slug: str = ""
    reason: str = ""
    path: str = ""
    sequence: str = ""
