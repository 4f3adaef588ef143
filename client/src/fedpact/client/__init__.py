"""Python SDK and the `fedpact` command: `connect()`, then nouns as attributes, typed answers, one tree of errors."""

from fedpact.client.connecting import connect
from fedpact.client.errors import (
    ConflictError,
    EndedError,
    FedpactError,
    ForbiddenError,
    InputError,
    JobEndedError,
    LoginExpiredError,
    MalformedError,
    NotFoundError,
    NotLoggedInError,
    RefusedError,
    SpecEndedError,
    TimedOutError,
    UnreachableError,
    UnreadableAnswerError,
)
from fedpact.client.fedpact import Fedpact
from fedpact.client.hub import Options
from fedpact.client.jobs import Job
from fedpact.client.specs import Activation
from fedpact.client.tokens import GivenToken, ServiceAccount, StoredLogin, TokenFile, TokenSource

__all__ = [
    "Activation",
    "ConflictError",
    "EndedError",
    "Fedpact",
    "FedpactError",
    "ForbiddenError",
    "GivenToken",
    "InputError",
    "Job",
    "JobEndedError",
    "LoginExpiredError",
    "MalformedError",
    "NotFoundError",
    "NotLoggedInError",
    "Options",
    "RefusedError",
    "ServiceAccount",
    "SpecEndedError",
    "StoredLogin",
    "TimedOutError",
    "TokenFile",
    "TokenSource",
    "UnreachableError",
    "UnreadableAnswerError",
    "connect",
]
