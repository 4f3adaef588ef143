"""
Expected refusals of the registry, one tree.

    RegistryError
    ├── NotAllowedError            the actor's roles do not reach that far
    ├── AlreadyRegisteredError     the id is taken, with other content
    ├── UnknownGatewayError        not one the actor's organization manages
    ├── ProposalsClosedError       the gateway takes none
    ├── ReservedNameError          the id is a name of the hub's own
    ├── UnknownOrganizationError   register it first
    ├── UnknownModelError          register it first
    ├── NotPublisherError          another organization publishes that model
    ├── VersionTakenError          the version is pinned to another digest
    └── NotBelievedError           an observation that changes nothing; nobody is answered, the log has the reason
        ├── RoleMismatchError      the site says it is something else than was registered
        ├── ForeignDatasetError    its id names another gateway or organization
        ├── UnknownRootError       derived from a dataset nobody registered
        └── TooMuchOfferedError    more, or longer, than the registry keeps for one gateway
"""

from typing import ClassVar

from fedpact.contracts.envelope import DomainError


class RegistryError(DomainError):
    """The registry refuses."""

    slug: ClassVar[str] = "registry_refused"


class NotAllowedError(RegistryError):
    """The actor's roles do not reach that far."""

    slug: ClassVar[str] = "not_allowed"


class AlreadyRegisteredError(RegistryError):
    """The id is taken, with other content."""

    slug: ClassVar[str] = "already_registered"


class UnknownGatewayError(RegistryError):
    """Not a gateway that the actor's organization manages."""

    slug: ClassVar[str] = "unknown_gateway"


class ProposalsClosedError(RegistryError):
    """The gateway says that it takes no proposals."""

    slug: ClassVar[str] = "proposals_closed"


class ReservedNameError(RegistryError):
    """The id is a name of the hub's own."""

    slug: ClassVar[str] = "reserved_name"


class UnknownOrganizationError(RegistryError):
    """Nobody registered that organization."""

    slug: ClassVar[str] = "unknown_organization"


class UnknownModelError(RegistryError):
    """Nobody registered that model."""

    slug: ClassVar[str] = "unknown_model"


class NotPublisherError(RegistryError):
    """Another organization publishes that model."""

    slug: ClassVar[str] = "not_publisher"


class VersionTakenError(RegistryError):
    """The version is pinned to another digest, for good."""

    slug: ClassVar[str] = "version_taken"


class NotBelievedError(RegistryError):
    """An observation that changes nothing."""

    slug: ClassVar[str] = "not_believed"


class RoleMismatchError(NotBelievedError):
    """The site says it is something else than was registered."""

    slug: ClassVar[str] = "role_mismatch"


class ForeignDatasetError(NotBelievedError):
    """The dataset's id names another gateway or organization than those that offer it."""

    slug: ClassVar[str] = "foreign_dataset"


class UnknownRootError(NotBelievedError):
    """Derived from a dataset nobody registered."""

    slug: ClassVar[str] = "unknown_root"


class TooMuchOfferedError(NotBelievedError):
    """More, or longer, than the registry keeps for one gateway."""

    slug: ClassVar[str] = "too_much_offered"
