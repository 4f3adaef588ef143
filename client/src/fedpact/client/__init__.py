"""
Python SDK and the `fedpact` command: `connect()`, then nouns as attributes, typed answers, one tree of errors.

`connect_async()` is the same for programs that await.
"""

from fedpact.client.async_hub import AsyncOptions
from fedpact.client.connecting import connect, connect_async
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
from fedpact.client.fedpact import AsyncFedpact, Fedpact
from fedpact.client.hub import Options
from fedpact.client.jobs import Job
from fedpact.client.pacts import pact
from fedpact.client.specs import Activation, Spec
from fedpact.client.tokens import GivenToken, ServiceAccount, StoredLogin, TokenFile, TokenSource
from fedpact.contracts.pact import Demand, Resources, SpecContent

__all__ = [
    "Activation",
    "AsyncFedpact",
    "AsyncOptions",
    "ConflictError",
    "Demand",
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
    "Resources",
    "ServiceAccount",
    "Spec",
    "SpecContent",
    "SpecEndedError",
    "StoredLogin",
    "TimedOutError",
    "TokenFile",
    "TokenSource",
    "UnreachableError",
    "UnreadableAnswerError",
    "connect",
    "connect_async",
    "pact",
]
