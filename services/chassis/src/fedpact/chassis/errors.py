"""
What can go wrong in the chassis. What a sender has to be told is a `DomainError`: the domain's refusals, and one here.

* ChassisError
  - UnavailableError     store, bus or a service asked does not answer: wait and try again, without limit
    - StaleVersionError  others saved the aggregate first, again and again
    - BacklogError       an aggregate's unsent messages pile up
  - NotFoundError        the aggregate does not exist
  - UnreadableError      the message is malformed: trying again cannot help
  - ConsumerLostError    a durable consumer is gone or not ours: the process ends and is started anew
* UnstorableError        the store will never take the aggregate as it would be
"""

from fedpact.contracts.envelope import DomainError


class ChassisError(Exception):
    """Anything the chassis can tell a service went wrong."""


class UnavailableError(ChassisError):
    """Store, bus or a service asked does not answer."""


class StaleVersionError(UnavailableError):
    """Others saved the aggregate first, again and again."""


class BacklogError(UnavailableError):
    """An aggregate holds too many messages that the bus has not taken yet."""


class NotFoundError(ChassisError):
    """The aggregate does not exist."""


class UnreadableError(ChassisError):
    """The message is malformed."""


class ConsumerLostError(ChassisError):
    """A durable consumer is gone."""


class UnstorableError(DomainError):
    """The store will never take the aggregate as it would be: trying again cannot help."""

    slug = "too_large"
