"""
The process that holds one FLARE session for the agent: JSON lines in, JSON lines out.

FLARE's client prints to stdout, starts tens of threads for a session and leaves some behind when it is closed.
Here all of that ends with the activation, a call that hangs can be killed, and the agent never loads FLARE. The
protocol has the real stdout to itself; whatever FLARE prints goes to stderr, which is a log file. When the agent
dies, so does this.
"""

import ctypes
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import IO, Any

from nvflare.apis.fl_exception import FLCommunicationError
from nvflare.apis.job_def import JobMetaKey
from nvflare.fuel.flare_api import api_spec
from nvflare.fuel.flare_api.flare_api import Session
from nvflare.fuel.hci.client import file_transfer

from fedpact.gateway_agent.domain.kits import ADMIN_USER

PR_SET_PDEATHSIG = 1
CONNECT = 5.0
"""Seconds one attempt to connect may take. The agent tries again."""
FIRST_ANSWER, LAST_ANSWER = 1.0, 8.0
"""
Seconds to wait for each answer while connecting, at the first attempt and at the last; twice as long after each.

The first message is lost when the server is not up yet, which is soon to be asked again. A machine that is busy needs
its time: who always asks again too soon is never answered in time.
"""

KINDS: Mapping[type[BaseException], str] = {
    api_spec.SubmitTokenConflict: "token_reused",
    api_spec.SubmitTokenJobDeleted: "token_reused",
    api_spec.InvalidJobDefinition: "refused",
    api_spec.InvalidTarget: "refused",
    api_spec.AuthorizationError: "refused",
    api_spec.JobNotFound: "unknown_job",
    api_spec.NoConnection: "unreachable",
    api_spec.SessionClosed: "unreachable",
    api_spec.AuthenticationError: "unreachable",
    api_spec.NoReply: "unreachable",
    api_spec.InternalError: "failed",
    api_spec.JobNotDone: "failed",
    FLCommunicationError: "unreachable",
    OSError: "unreachable",
    RuntimeError: "failed",
    ValueError: "failed",
}


class Host:
    """The one session, opened by the first call."""

    def __init__(self) -> None:
        self.kit = ""
        self.session: Session | None = None
        self.answer_within = FIRST_ANSWER

    def open(self, kit: str) -> None:
        self.kit = kit
        self._opened()

    def system(self) -> dict[str, Any]:
        info = self._opened().get_system_info()
        sites = {client.name: client.last_connect_time for client in info.client_info or []}
        return {"sites": sites, "running": [job.job_id for job in info.job_info or []]}

    def submit(self, folder: str, token: str) -> str:
        job: str = self._opened().submit_job(folder, submit_token=token)
        return job

    def job(self, engine_job: str) -> dict[str, Any]:
        meta = self._opened().get_job_meta(engine_job)
        return {
            "status": meta.get(JobMetaKey.STATUS.value, ""),
            "deploy": meta.get(JobMetaKey.JOB_DEPLOY_DETAIL.value) or [],
            "history": meta.get(JobMetaKey.SCHEDULE_HISTORY.value) or [],
        }

    def abort(self, engine_job: str) -> None:
        try:
            self._opened().abort_job(engine_job)
        except api_spec.JobNotRunning:
            return

    def download(self, engine_job: str, into: str) -> str:
        shutil.rmtree(Path(into) / engine_job, ignore_errors=True)
        location: str = self._opened().download_job_result(engine_job, destination=into)
        return location

    def _opened(self) -> Session:
        if self.session is None:
            patience, self.answer_within = self.answer_within, min(2 * self.answer_within, LAST_ANSWER)
            self.session = connected(self.kit, patience)
            self.answer_within = FIRST_ANSWER
        return self.session

    def answer(self, op: str, args: Mapping[str, str]) -> dict[str, Any]:
        """The result of one call, or the kind and text of its error."""
        try:
            return {"ok": self._call(op, args)}
        except tuple(KINDS) as error:
            kind = next(KINDS[one] for one in type(error).__mro__ if one in KINDS)
            return {"error": kind, "text": str(error)}

    def _call(self, op: str, args: Mapping[str, str]) -> Any:
        """What the call gives. A session that has expired is opened again, once."""
        try:
            return CALLS[op](self, **args)
        except api_spec.SessionClosed:
            self.session = None
            return CALLS[op](self, **args)


def connected(kit: str, patience: float) -> Session:
    """
    A new session, made in one attempt.

    FLARE's own function for it would say goodbye to a server that does not answer, and wait for its reply.
    """
    session = Session(ADMIN_USER, kit)
    session.api.auto_login_max_tries = 1
    session.api.authenticate_msg_timeout = patience
    with ExitStack() as otherwise:
        otherwise.callback(session.api.close)
        try:
            session.try_connect(CONNECT)
        except api_spec.InternalError as error:  # the login got no answer
            raise api_spec.NoConnection(str(error)) from error
        otherwise.pop_all()
    file_transfer.load_private_key_file(session.api.client_key)
    return session


def read_keys_once() -> None:
    """
    Have FLARE read the key it signs jobs with once, when the session is opened, and not again for every job.

    To read an RSA key is to test its primes, which takes as long as the rest of a submission. A key has its place for
    itself as long as this process lives.
    """
    file_transfer.load_private_key_file = cache(file_transfer.load_private_key_file)


CALLS: Mapping[str, Callable[..., Any]] = {
    "open": Host.open,
    "system": Host.system,
    "submit": Host.submit,
    "job": Host.job,
    "abort": Host.abort,
    "download": Host.download,
}


def serve(requests: IO[str], answers: IO[str]) -> None:
    """Answers every request line until there are no more."""
    host = Host()
    for line in requests:
        request = json.loads(line)
        answer = host.answer(request["op"], request["args"])
        answers.write(json.dumps({"id": request["id"], **answer}) + "\n")
        answers.flush()


def end_with_parent() -> None:
    """
    Have the kernel end this process with the agent that started it.

    The end of standard input is not enough: a FLARE call that waits for a server reads nothing meanwhile.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    end_with_parent()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    read_keys_once()
    try:
        serve(sys.stdin, answers)
    finally:
        # FLARE's threads are not daemons: any other end, one by an error too, would wait for them for ever.
        os._exit(0)


if __name__ == "__main__":
    main()
