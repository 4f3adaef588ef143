"""
What can go wrong with jobs and their results. All but the last are refusals a person is told.

* DomainError (contracts)
  - NotAllowedError      the actor lacks the role, or the spec or job is somebody else's
  - UnknownSpecError     no such spec
  - UnknownJobError      no such job
  - ConflictError        the id is taken by other content
  - BadTokenError        the bearer token gives no permission for this
  - UnsafeNameError      a file name that is no relative path
  - TooLargeError        more bytes or files than a job may bring or leave
  - IncompleteError      what was uploaded is not what the manifest says
  - AlreadyStoredError   the job's results are kept already, and final
  - UnknownFileError     no such result any more
  - UnknownArtifactError no such artifact, or not for this actor: nobody can tell which
  - DeletedError         the artifact was there
  - UnknownGranteeError  nobody of that name is in the federation
  - NoSuchGrantError     what is to be revoked was not granted
  - TooManyGrantsError   more grants than an artifact may have
  - StaysError           the custodians do not let the artifact leave its organization
  - EndedError           the job had ended before it was cancelled
  - NotApprovedError     the spec is rejected or invalid: nothing runs on it
  - PayloadError         the payload is not what the model takes, the spec declares or the custodians allow
* IllegalMoveError       the code moved a job off its table; the job stays as it was
"""

from datetime import datetime

from fedpact.contracts.artifacts import Grantee
from fedpact.contracts.envelope import DomainError
from fedpact.contracts.jobs import JobStatus


class NotAllowedError(DomainError):
    """The actor lacks the role, or the spec or job is somebody else's."""

    slug = "not_allowed"


class UnknownSpecError(DomainError):
    """No such spec."""

    slug = "unknown_spec"

    def __init__(self, spec_id: str) -> None:
        super().__init__(f"there is no spec `{spec_id}`: create it first or check its id", path="spec_id")


class UnknownJobError(DomainError):
    """No such job."""

    slug = "unknown_job"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job `{job_id}`: check its id", path="job_id")


class ConflictError(DomainError):
    """The id is taken by other content."""

    slug = "conflict"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"`{job_id}` is another job already: submit this one under another id", path="job_id")


class BadTokenError(DomainError):
    """The bearer token gives no permission for this. Why not is nobody's business."""

    slug = "unauthenticated"

    def __init__(self) -> None:
        super().__init__("the token is unknown, expired or for something else: ask for a new one")


class UnsafeNameError(DomainError):
    """A file name that is no relative path."""

    slug = "unsafe_name"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the file name {reason}: use a relative path such as `metrics/round-1.json`", path="name")


class TooLargeError(DomainError):
    """More bytes or files than a job may bring or leave."""

    slug = "too_large"


class IncompleteError(DomainError):
    """What was uploaded is not what the manifest says."""

    slug = "incomplete"


class AlreadyStoredError(DomainError):
    """The job's results are kept already, and final."""

    slug = "already_stored"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"the results of `{job_id}` are stored already and cannot change")


class UnknownFileError(DomainError):
    """No such result any more."""

    slug = "unknown_file"

    def __init__(self) -> None:
        super().__init__("the file is no longer kept: run the job again if you need it")


class UnknownArtifactError(DomainError):
    """No such artifact, or not for this actor: nobody can tell which."""

    slug = "unknown_artifact"

    def __init__(self, artifact_id: str) -> None:
        super().__init__(f"there is no artifact `{artifact_id}` that you may have: check its id", path="artifact_id")


class DeletedError(DomainError):
    """The artifact was there."""

    slug = "artifact_deleted"

    def __init__(self, artifact_id: str, by: str | None, at: datetime) -> None:
        who = f"by `{by}`" if by else "when its retention ended"
        super().__init__(f"`{artifact_id}` was deleted {who} on {at:%Y-%m-%d}: run the job again if you need it")


class UnknownGranteeError(DomainError):
    """Nobody of that name is in the federation."""

    slug = "unknown_grantee"

    def __init__(self, grantee: Grantee) -> None:
        super().__init__(f"there is no {grantee} in this federation: check the id", path="grantee")


class NoSuchGrantError(DomainError):
    """What is to be revoked was not granted."""

    slug = "no_such_grant"

    def __init__(self, artifact_id: str, grantee: Grantee) -> None:
        super().__init__(
            f"`{artifact_id}` is not granted to {grantee}: `fedpact artifacts get {artifact_id}` tells to whom it is",
            path="grantee",
        )


class TooManyGrantsError(DomainError):
    """More grants than an artifact may have."""

    slug = "too_many_grants"


class StaysError(DomainError):
    """The custodians do not let the artifact leave its organization."""

    slug = "stays_in_organization"


class EndedError(DomainError):
    """The job had ended before it was cancelled."""

    slug = "already_ended"

    def __init__(self, job_id: str, status: JobStatus) -> None:
        super().__init__(f"`{job_id}` had already {status.value}: there is nothing to cancel")


class NotApprovedError(DomainError):
    """The spec is rejected or invalid: nothing runs on it."""

    slug = "not_approved"


class PayloadError(DomainError):
    """The payload is not what the model takes, the spec declares or the custodians allow."""

    slug = "payload_out_of_bounds"


class IllegalMoveError(Exception):
    """The code moved a job off its table."""

    def __init__(self, job_id: str, before: JobStatus, after: JobStatus) -> None:
        super().__init__(f"job `{job_id}` cannot move from {before} to {after}")
