"""
One rendering in one forked child, killed when it is late.

The server process has a single thread, so a fork is a faithful copy: the model is loaded once and each payload meets
a fresh one. The child answers on one pipe; what the model prints is read up to a limit, so that it cannot block, and
goes to the local operator only when the setting asks for it, never to the sender.
"""

import contextlib
import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from fedpact.contracts import strict_json
from fedpact.contracts.strict_json import MalformedError
from fedpact.secure_runtime.adapters.isolation import Limits, confine_child
from fedpact.secure_runtime.app.ports import RenderRequest
from fedpact.secure_runtime.app.render import Renderer
from fedpact.secure_runtime.domain import errors
from fedpact.secure_runtime.domain.errors import ModelFaultError, RenderError, RenderLimitError
from fedpact.secure_runtime.domain.files import job_files

_CHUNK = 65536
_MOST_OUTPUT = 4096
_ANSWER = 3
EVERYBODY = -1
"""In this process namespace, but for its first process."""
_SLUGS: dict[str, type[RenderError]] = {
    error.slug: error for error in vars(errors).values() if isinstance(error, type) and issubclass(error, RenderError)
}


@dataclass(slots=True)
class _Heard:
    """What a child has written so far."""

    answer: bytearray = field(default_factory=bytearray)
    output: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkSandbox:
    """Renders each request in a child of its own. `alone`: in a jail, where every other process is a rendering's."""

    renderer: Renderer
    limits: Limits
    alone: bool = False
    on_output: Callable[[str], None] | None = None

    @property
    def _most_answer(self) -> int:
        """JSON needs at most six bytes for one of the text; names and punctuation fit in a chunk."""
        return 6 * self.renderer.limits.size + _CHUNK

    def render(self, request: RenderRequest) -> dict[str, str] | RenderError:
        answer_in, answer_out = os.pipe()
        output_in, output_out = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            self._child(request, answer_out, output_out)
        os.close(answer_out)
        os.close(output_out)
        with _closing(answer_in, output_in):
            try:
                heard, in_time = self._listen(child, answer_in, output_in)
            finally:
                status = _end(child, alone=self.alone)
        if self.on_output is not None and heard.output:
            self.on_output(heard.output[:_MOST_OUTPUT].decode(errors="replace"))
        return self._outcome(bytes(heard.answer), status, in_time=in_time)

    def _child(self, request: RenderRequest, answer_out: int, output_out: int) -> NoReturn:
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output_out, 1)
            os.dup2(output_out, 2)
            confine_child(self.limits, keep=answer_out)
            _write(_attempt(self.renderer, request))
            code = 0
        finally:
            os._exit(code)

    def _listen(self, child: int, answer: int, output: int) -> tuple[_Heard, bool]:
        """What the child wrote until it ended or wrote too much, and whether that was in time."""
        heard, deadline = _Heard(), time.monotonic() + self.limits.wall
        most = self._most_answer
        ended = os.pidfd_open(child)
        with _closing(ended), selectors.DefaultSelector() as selector:
            for pipe in (answer, output):
                os.set_blocking(pipe, False)
                selector.register(pipe, selectors.EVENT_READ)
            selector.register(ended, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                ready = {key.fd for key, _ in selector.select(left)}
                if output in ready and not _take(output, heard.output, _MOST_OUTPUT):
                    selector.unregister(output)
                if answer in ready and not _take(answer, heard.answer, most):
                    selector.unregister(answer)
                if ended in ready:
                    while len(heard.answer) <= most and _take(answer, heard.answer, most):
                        pass
                if ended in ready or len(heard.answer) > most:
                    return heard, True
        return heard, False

    def _outcome(self, answer: bytes, status: int, *, in_time: bool) -> dict[str, str] | RenderError:
        if not in_time:
            return RenderLimitError(f"rendering took longer than {self.limits.wall:g} s")
        if len(answer) > self._most_answer:
            return RenderLimitError(f"the model rendered more than {self.renderer.limits.size} bytes")
        try:
            told = strict_json.loads(answer, max_size=self._most_answer)
        except MalformedError:
            return self._death(status)
        match told:
            case {"files": files}:
                try:
                    return job_files(files, self.renderer.limits)
                except RenderError as refusal:
                    return refusal
            case {"slug": str(slug), "reason": str(reason), "path": str(path)} if slug in _SLUGS:
                return _SLUGS[slug](reason, path=path)
            case _:
                return ModelFaultError("the model's rendering code gave no answer")

    def _death(self, status: int) -> RenderError:
        killer = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if killer in (signal.SIGXCPU, signal.SIGKILL):
            return RenderLimitError(f"rendering took more than {self.limits.cpu} s of processor time")
        if killer:
            return ModelFaultError(f"the model's rendering code died of `{signal.Signals(killer).name}`")
        return ModelFaultError("the model's rendering code gave no answer")


def _attempt(renderer: Renderer, request: RenderRequest) -> dict[str, object]:
    try:
        return {"files": renderer.render(request)}
    except RenderError as refusal:
        return {"slug": refusal.slug, "reason": refusal.reason, "path": refusal.path}
    except MemoryError:
        limit = RenderLimitError("rendering needed more memory than it may take")
        return {"slug": limit.slug, "reason": limit.reason, "path": ""}
    except BaseException as fault:  # noqa: BLE001 - a stranger's code, whose text may hold anything: only the type is told
        return {
            "slug": ModelFaultError.slug,
            "reason": f"the model's rendering code failed with `{type(fault).__name__[:80]}`",
            "path": "",
        }


def _write(answer: dict[str, object]) -> None:
    left = memoryview(json.dumps(answer).encode())
    while left:
        left = left[os.write(_ANSWER, left) :]


def _take(pipe: int, into: bytearray, most: int) -> bool:
    """Read once and keep what fits in `most` bytes and one chunk; false when there is nothing more to read now."""
    try:
        chunk = os.read(pipe, _CHUNK)
    except BlockingIOError:
        return False
    if len(into) <= most:
        into += chunk
    return bool(chunk)


def _end(child: int, *, alone: bool) -> int:
    """Kill what is left of the child's process group, and `alone` of all others; say how the child itself ended."""
    for kill, whom in ((os.kill, child), (os.killpg, child), *(((os.kill, EVERYBODY),) if alone else ())):
        with contextlib.suppress(ProcessLookupError):
            kill(whom, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    while alone and _bury():
        pass
    return status


def _bury() -> bool:
    """Wait for the end of one more; false when this process is the only one."""
    try:
        os.waitpid(EVERYBODY, 0)
    except ChildProcessError:
        return False
    return True


@contextlib.contextmanager
def _closing(*descriptors: int) -> Iterator[None]:
    """Close the descriptors at the end of the block."""
    try:
        yield
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
