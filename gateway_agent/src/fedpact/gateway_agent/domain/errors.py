"""
Every expected refusal of the agent, in one tree.

DomainError                      (contracts)
└── AgentError                   agent_refused
    ├── LaunchError              launch_failed
    │   └── AlreadyThereError    already_there
    ├── CertificateError         certificate_refused
    │   └── AuthoritySealedError authority_sealed
    ├── KitError                 kit_incomplete
    └── FederationError          federation_failed
        ├── UnreachableError     federation_unreachable
        ├── JobRefusedError      job_refused
        │   └── TokenReusedError submit_token_reused
        └── JobUnknownError      job_unknown
"""

from typing import ClassVar

from fedpact.contracts.envelope import DomainError


class AgentError(DomainError):
    """The agent does not do what was wanted."""

    slug: ClassVar[str] = "agent_refused"


class LaunchError(AgentError):
    """A workload cannot be started."""

    slug: ClassVar[str] = "launch_failed"


class AlreadyThereError(LaunchError):
    """A workload of this name is there. Two of one name would take each other's place at the FLARE server."""

    slug: ClassVar[str] = "already_there"

    def __init__(self, name: str) -> None:
        super().__init__(f"a workload `{name}` is there already; stop it first")


class CertificateError(AgentError):
    """A certificate request that must not be signed."""

    slug: ClassVar[str] = "certificate_refused"


class AuthoritySealedError(CertificateError):
    """The activation's certificates are all issued and its root key is gone: nobody joins any more."""

    slug: ClassVar[str] = "authority_sealed"

    def __init__(self, name: str) -> None:
        super().__init__(f"the activation is sealed, `{name}` cannot join it; activate the spec again")


class KitError(AgentError):
    """A kit cannot be built from what is there."""

    slug: ClassVar[str] = "kit_incomplete"


class FederationError(AgentError):
    """The FLARE server answered a call with an error."""

    slug: ClassVar[str] = "federation_failed"


class UnreachableError(FederationError):
    """The FLARE server does not answer. Worth another try while its process runs."""

    slug: ClassVar[str] = "federation_unreachable"


class JobRefusedError(FederationError):
    """The FLARE server does not take this job, and never will."""

    slug: ClassVar[str] = "job_refused"


class TokenReusedError(JobRefusedError):
    """The submit token was used for a job of other content."""

    slug: ClassVar[str] = "submit_token_reused"


class JobUnknownError(FederationError):
    """The FLARE server has no such job."""

    slug: ClassVar[str] = "job_unknown"
