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
  - UnknownFileError     no such result, or past its retention
* IllegalMoveError       the code moved a job off its table; the job stays as it was
"""

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
    """No such result, or past its retention."""

    slug = "unknown_file"

    def __init__(self) -> None:
        super().__init__("there is no such result file, or it is past its retention")


class IllegalMoveError(Exception):
    """The code moved a job off its table."""

    def __init__(self, job_id: str, before: JobStatus, after: JobStatus) -> None:
        super().__init__(f"job `{job_id}` cannot move from {before} to {after}")
