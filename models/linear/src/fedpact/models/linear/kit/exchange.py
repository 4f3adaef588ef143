"""
An exchange: the server asks every site the same, every site answers or says why not, and the job goes on or ends.

One FLARE task is one exchange. A refusal travels as an answer, so that its reason reaches the data scientist: the
server writes it to `failure.json` in the run's folder and ends the job with it. An unexpected failure of a site is told
by its kind alone, as FLARE tells it. All sites take part; a result of fewer would be another result.
"""

import json
import os
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path

from nvflare.apis.client import Client
from nvflare.apis.controller_spec import ClientTask, Task
from nvflare.apis.executor import Executor
from nvflare.apis.fl_constant import ReturnCode
from nvflare.apis.fl_context import FLContext
from nvflare.apis.impl.controller import Controller
from nvflare.apis.shareable import Shareable, make_reply
from nvflare.apis.signal import Signal

from .errors import JobRefusalError, ModelError

Message = dict[str, object]

_REQUEST = "request"
_ANSWER = "answer"
_REFUSAL = "refusal"
FAILURE = "failure.json"


class SiteExecutor(Executor):  # type: ignore[misc]  # nvflare has no types
    """A site's side. A subclass says in `answer` what it answers to each task."""

    @abstractmethod
    def answer(self, task: str, request: Message) -> Message:
        """What this site answers. Raises `SiteRefusalError` when it cannot or may not."""

    def execute(self, task_name: str, shareable: Shareable, fl_ctx: FLContext, abort_signal: Signal) -> Shareable:
        if abort_signal.triggered:
            return make_reply(ReturnCode.TASK_ABORTED)
        reply = make_reply(ReturnCode.OK)
        try:
            reply[_ANSWER] = self.answer(task_name, shareable[_REQUEST])
        except ModelError as refusal:
            self.log_error(fl_ctx, refusal.reason)
            reply[_REFUSAL] = refusal.reason
        return reply


class ExchangeController(Controller):  # type: ignore[misc]  # nvflare has no types
    """The server's side. A subclass says in `conduct` what it asks and what it makes of the answers."""

    def __init__(self, min_clients: int) -> None:
        super().__init__(task_check_period=0.1)
        self._min_clients = min_clients
        self._sites: list[Client] = []
        self._run: tuple[FLContext, Signal] | None = None

    @abstractmethod
    def conduct(self, run_dir: Path) -> None:
        """The whole job. Raises `ModelError` when there is no result."""

    def start_controller(self, fl_ctx: FLContext) -> None:
        self._sites = list(fl_ctx.get_engine().get_clients())

    def stop_controller(self, fl_ctx: FLContext) -> None:  # noqa: ARG002 - FLARE's signature
        self._sites = []

    def process_result_of_unknown_task(
        self,
        client: Client,
        task_name: str,
        client_task_id: str,  # noqa: ARG002 - FLARE's signature
        result: Shareable,  # noqa: ARG002 - FLARE's signature
        fl_ctx: FLContext,
    ) -> None:
        self.log_warning(fl_ctx, f"an answer of `{client.name}` to `{task_name}` came too late")

    def control_flow(self, abort_signal: Signal, fl_ctx: FLContext) -> None:
        run_dir = Path(fl_ctx.get_engine().get_workspace().get_run_dir(fl_ctx.get_job_id()))
        self._run = (fl_ctx, abort_signal)
        try:
            if len(self._sites) < self._min_clients:
                raise JobRefusalError(f"{len(self._sites)} sites take part, the job needs {self._min_clients}")
            self.conduct(run_dir)
        except ModelError as refusal:
            if not abort_signal.triggered:
                write_json(run_dir / FAILURE, {"reason": refusal.reason})
                self.system_panic(refusal.reason, fl_ctx)

    def ask(self, task: str, request: Message) -> dict[str, Message]:
        """Every site's answer, by site name in order. Raises `JobRefusalError` with the first site's refusal."""
        if self._run is None:
            raise JobRefusalError("nothing can be asked before the job runs")
        fl_ctx, abort_signal = self._run
        replies: dict[str, Shareable] = {}

        def received(client_task: ClientTask, fl_ctx: FLContext) -> None:  # noqa: ARG001 - FLARE passes it by name
            replies[client_task.client.name] = client_task.result

        self.broadcast_and_wait(
            Task(name=task, data=Shareable({_REQUEST: request}), result_received_cb=received),
            fl_ctx,
            targets=self._sites,
            min_responses=len(self._sites),
            abort_signal=abort_signal,
        )
        if abort_signal.triggered:
            raise JobRefusalError("the job was aborted")
        return {site.name: _answer(site.name, replies.get(site.name)) for site in _in_order(self._sites)}


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Write the whole file or leave the old one: a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(draft, path)  # noqa: PTH105 - the one call that is atomic by its documentation


def _in_order(sites: list[Client]) -> list[Client]:
    return sorted(sites, key=lambda site: str(site.name))


def _answer(site: str, reply: Shareable | None) -> Message:
    if reply is None:
        raise JobRefusalError(f"site `{site}` gave no answer")
    if reply.get_return_code() != ReturnCode.OK:
        raise JobRefusalError(f"site `{site}` failed with `{reply.get_return_code()}`; its custodian's log says why")
    if _REFUSAL in reply:
        raise JobRefusalError(f"site `{site}`: {reply[_REFUSAL]}")
    answer: Message = reply[_ANSWER]
    return answer
