"""
Why a connection is not let through. Every one closes it; the slug is what is counted.

DomainError                 (contracts)
└── EntranceError           entrance_refused
    ├── NotHelloError       not_a_hello          no TLS, or not as it is written
    ├── NoNameError         no_server_name       TLS to nobody in particular
    ├── UnknownNameError    unknown_name         no activation of that name is open
    ├── SlowError           slow_hello           the name did not come in time
    ├── CrowdedError        crowded              too many connections already
    └── UnreachableError    server_unreachable   the activation's server does not answer
"""

from typing import ClassVar

from fedpact.contracts.envelope import DomainError


class EntranceError(DomainError):
    """The connection is closed."""

    slug: ClassVar[str] = "entrance_refused"


class NotHelloError(EntranceError):
    slug: ClassVar[str] = "not_a_hello"


class NoNameError(EntranceError):
    slug: ClassVar[str] = "no_server_name"


class UnknownNameError(EntranceError):
    slug: ClassVar[str] = "unknown_name"


class SlowError(EntranceError):
    slug: ClassVar[str] = "slow_hello"


class CrowdedError(EntranceError):
    slug: ClassVar[str] = "crowded"


class UnreachableError(EntranceError):
    slug: ClassVar[str] = "server_unreachable"
