"""
What can go wrong between a person and a federation, one tree.

    FedpactError
    ├── RefusedError               the federation understood and said no, with a slug
    │   ├── MalformedError         the request is not what the API takes
    │   ├── ForbiddenError         this account may not
    │   ├── NotFoundError          there is no such thing, or not for this account
    │   └── ConflictError          it does not fit what is there
    ├── NotLoggedInError           nobody is known by this token, or there is none
    │   └── LoginExpiredError      somebody was, and has to log in again
    ├── UnreachableError           nobody answers, or not in its right mind
    │   └── UnreadableAnswerError  somebody answers that is no portal this client knows
    ├── TimedOutError              it did not happen in time; it may still
    ├── EndedError                 what was waited for ended otherwise
    │   ├── SpecEndedError
    │   └── JobEndedError
    └── InputError                 a file or value on this machine is not what it has to be

Each has a `code` for programs, a `reason` for people that says what to do next, and the `path` of the member that is
wrong, empty when it is the whole.
"""

from typing import ClassVar

from fedpact.contracts.api import JobView, MemberProblem, Problem, SpecView
from fedpact.contracts.envelope import DomainError


class FedpactError(DomainError):
    """Anything this package can tell went wrong."""

    slug: ClassVar[str] = "failed"

    @property
    def code(self) -> str:
        """What a program tells errors apart by: the federation's own slug where it refused, else this class's."""
        return self.slug


class RefusedError(FedpactError):
    """The federation understood and said no."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(_sentence(problem), path=problem.path)
        self.problem = problem
        self.status = problem.status

    @property
    def code(self) -> str:
        return self.problem.slug


class MalformedError(RefusedError):
    """The request is not what the API takes."""


class ForbiddenError(RefusedError):
    """The account may not."""


class NotFoundError(RefusedError):
    """There is no such thing, or not for this account."""


class ConflictError(RefusedError):
    """It does not fit what is there."""


class NotLoggedInError(FedpactError):
    """Nobody is known by this token, or there is none."""

    slug: ClassVar[str] = "not_logged_in"


class LoginExpiredError(NotLoggedInError):
    """Somebody was logged in, and has to again."""

    slug: ClassVar[str] = "login_expired"


class UnreachableError(FedpactError):
    """Nobody answers, or not in its right mind."""

    slug: ClassVar[str] = "unreachable"


class UnreadableAnswerError(UnreachableError):
    """Whoever answers there is no portal this client knows."""

    slug: ClassVar[str] = "unreadable_answer"


class TimedOutError(FedpactError):
    """It did not happen in time; it may still."""

    slug: ClassVar[str] = "timed_out"


class EndedError(FedpactError):
    """What was waited for ended otherwise."""

    slug: ClassVar[str] = "ended"


class SpecEndedError(EndedError):
    """The spec will not become what was waited for without somebody's doing."""

    def __init__(self, reason: str, spec: SpecView) -> None:
        super().__init__(reason)
        self.spec = spec


class JobEndedError(EndedError):
    """The job failed or was cancelled."""

    def __init__(self, reason: str, job: JobView) -> None:
        super().__init__(reason)
        self.job = job


class InputError(FedpactError):
    """A file or value on this machine is not what it has to be."""

    slug: ClassVar[str] = "input"


_BY_STATUS: dict[int, type[RefusedError]] = {
    400: MalformedError,
    413: MalformedError,
    422: MalformedError,
    403: ForbiddenError,
    404: NotFoundError,
    410: NotFoundError,
    409: ConflictError,
}


def refused(problem: Problem) -> RefusedError:
    """The error that a problem is."""
    return _BY_STATUS.get(problem.status, RefusedError)(problem)


def _sentence(problem: Problem) -> str:
    text = problem.detail or problem.title or problem.slug
    more = "; ".join(_member(error) for error in problem.errors[1:])
    return f"{text}; {more}" if more else text


def _member(error: MemberProblem) -> str:
    return f"{error.text.lower()} at `{error.path or 'body'}`"
