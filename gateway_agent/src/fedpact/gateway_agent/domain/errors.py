"""
Every expected refusal of the agent, in one tree.

DomainError                      (contracts)
└── AgentError                   agent_refused
    ├── LaunchError              launch_failed         has a `cause`, which the site reports
    │   ├── AlreadyThereError    already_there
    │   └── ImageMissingError    image_missing
    ├── CertificateError         certificate_refused
    │   └── AuthoritySealedError authority_sealed
    ├── KitError                 kit_incomplete
    ├── SiteRefusedError         site_refused          has a `cause`, which the site reports
    │   ├── ModelMissingError    model_missing
    │   ├── DataDoorError        data_door_refused
    │   └── VetoUnreadableError  veto_unreadable
    ├── RenderRefusedError       render_refused
    ├── ResultsRefusedError      results_refused
    ├── DatasetNameError         dataset_name
    ├── UnknownDatasetError      unknown_dataset       this gateway offers none of that name
    ├── ProposalRefusedError     proposal_refused      not by this gateway's rules
    ├── RenewalRefusedError      renewal_refused       the hub gives no further credentials for the bus
    ├── FixedKeyError            fixed_key             the key for the bus comes from the hub's setup
    └── FederationError          federation_failed
        ├── UnreachableError     federation_unreachable
        ├── JobRefusedError      job_refused
        │   └── TokenReusedError submit_token_reused
        └── JobUnknownError      job_unknown
"""

from typing import ClassVar

from fedpact.contracts.envelope import DomainError
from fedpact.contracts.workloads import Cause


class AgentError(DomainError):
    """The agent does not do what was wanted."""

    slug: ClassVar[str] = "agent_refused"


class LaunchError(AgentError):
    """A workload cannot be started."""

    slug: ClassVar[str] = "launch_failed"
    cause: ClassVar[Cause] = Cause.RESOURCES


class AlreadyThereError(LaunchError):
    """A workload of this name is there. Two of one name would take each other's place at the FLARE server."""

    slug: ClassVar[str] = "already_there"

    def __init__(self, name: str) -> None:
        super().__init__(f"a workload `{name}` is there already; stop it first")


class ImageMissingError(LaunchError):
    """There is no image to start it from, or none that is pinned."""

    slug: ClassVar[str] = "image_missing"
    cause: ClassVar[Cause] = Cause.IMAGE


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


class SiteRefusedError(AgentError):
    """The participant is not run here, for a `cause` that the site reports."""

    slug: ClassVar[str] = "site_refused"

    def __init__(self, cause: Cause, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause


class ModelMissingError(SiteRefusedError):
    """The model is not here, or is not the one that was pinned."""

    slug: ClassVar[str] = "model_missing"

    def __init__(self, reason: str) -> None:
        super().__init__(Cause.IMAGE, reason)


class DataDoorError(SiteRefusedError):
    """The DAL refuses; the text is its own."""

    slug: ClassVar[str] = "data_door_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(Cause.DATASET, reason)


class VetoUnreadableError(SiteRefusedError):
    """The operator's veto cannot be read, and might forbid everything."""

    slug: ClassVar[str] = "veto_unreadable"

    def __init__(self, problem: str) -> None:
        text = f"this gateway's `veto.json` cannot be read, so it runs nothing: its operator has to mend it ({problem})"
        super().__init__(Cause.VETO, text)


class RenderRefusedError(AgentError):
    """The payload did not become a job; the text is for whoever sent it."""

    slug: ClassVar[str] = "render_refused"


class ResultsRefusedError(AgentError):
    """The hub does not take these results, and never will."""

    slug: ClassVar[str] = "results_refused"


class DatasetNameError(AgentError):
    """Not a name that can become part of a dataset's id."""

    slug: ClassVar[str] = "dataset_name"


class UnknownDatasetError(AgentError):
    """Nothing of that name is offered here."""

    slug: ClassVar[str] = "unknown_dataset"


class ProposalRefusedError(AgentError):
    """Not by this gateway's rules. The hub tells the reason, so it names no place of this machine."""

    slug: ClassVar[str] = "proposal_refused"


class RenewalRefusedError(AgentError):
    """The hub gives this gateway no further credentials for the bus."""

    slug: ClassVar[str] = "renewal_refused"


class FixedKeyError(AgentError):
    """The gateway's key for the bus comes from the hub's setup."""

    slug: ClassVar[str] = "fixed_key"


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
