"""
Follows a tutorial as a reader would: runs its commands and compares what they print with what the page shows.

What of a Markdown page counts:

    ```console          `$ ` begins a command; one that ends in a backslash goes on in the next line. The lines below it
    $ fedpact jobs list are what it prints, whole and in order. `...` inside a line stands for anything, `...` as a line
    JOB  SPEC  ...      for any lines. With no line below, what it prints does not matter. Each command has to end
    ...                 with 0, those of a block ```console exit=1 with 1. A `# ` line is a remark for the reader.
    ```
    ```console
    $ fedpact up &      A command that ends in `&` stays. It is waited for until it has printed what is shown (its
    the portal ...      output may go on after that), and ended with SIGTERM, newest first, when the page is through.
    ```
    ```python file=src/mine.py      Any block with `file=` is written to that file, as a reader would in an editor.

All other blocks (```sh, ```json, ...) are for reading. So the steps of an installation, which a test has behind it, are
```sh. The commands of one page run in one shell, one after the other: `cd` and `export` hold. Nothing is typed at a
prompt: pipe what a command asks for.

    with Terminal(tmp_path) as terminal:            # an empty folder; it is HOME too, the programs are the checkout's
        terminal.follow(DOCS / "tutorials/x.md")    # raises MismatchError with the page's line and both texts

A command has `SECONDS` unless the block says more, as in ```console seconds=300. The test's own `timeout` has to be
longer. From a shell, to see what a page does: `PYTHONPATH=tests/support .venv/bin/python -m tutorials PAGE`.
"""

import contextlib
import os
import re
import selectors
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

SECONDS = 60.0
STOP_SECONDS = 30.0
_FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<info>.*)$")
_PROMPT = "$ "


class MismatchError(AssertionError):
    """The page says one thing, the machine another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of a page. `line` is that of its first content."""

    page: str
    line: int
    language: str
    options: Mapping[str, str]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command with what the page says of it."""

    where: str
    command: str
    shown: tuple[str, ...]
    status: int = 0
    seconds: float = SECONDS

    @property
    def stays(self) -> bool:
        return self.command.endswith("&") and not self.command.endswith("&&")

    def told(self, output: str, *, more: bool = False) -> bool:
        """Whether `output` is what the page shows; with `more` it may go on."""
        if not self.shown:
            return True
        text = "".join(f"{line.rstrip()}\n" for line in output.splitlines())
        found = _pattern(self.shown).match(text)
        return found is not None and (more or found.end() == len(text))


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page in their order."""
    opened: re.Match[str] | None = None
    content: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if opened is None:
            opened, content = fence, []
        elif fence and not fence["info"].strip() and len(fence["ticks"]) >= len(opened["ticks"]):
            language, *options = shlex.split(opened["info"]) or [""]
            named = dict(option.partition("=")[::2] for option in options)
            first = number - len(content)
            yield Block(page=page.name, line=first, language=language, options=named, lines=tuple(content))
            opened = None
        else:
            content.append(line.removeprefix(opened["indent"]))


def steps(block: Block) -> Iterator[Step]:
    """The commands of a console block."""
    status, seconds = int(block.options.get("exit", 0)), float(block.options.get("seconds", SECONDS))
    lines = [(number, line) for number, line in enumerate(block.lines, start=block.line) if not line.startswith("# ")]
    while lines:
        number, line = lines.pop(0)
        where = f"{block.page}:{number}"
        if not line.startswith(_PROMPT):
            raise MismatchError(f"{where}: a console block begins with `$ `, not with `{line}`")
        command = line.removeprefix(_PROMPT)
        while command.endswith("\\") and lines:
            command = command.removesuffix("\\") + lines.pop(0)[1].lstrip()
        shown: list[str] = []
        while lines and not lines[0][1].startswith(_PROMPT):
            shown.append(lines.pop(0)[1].rstrip())
        while shown and not shown[-1]:
            shown.pop()
        yield Step(where=where, command=command.strip(), shown=tuple(shown), status=status, seconds=seconds)


@dataclass(slots=True)
class Terminal:
    """One shell in `folder`, with the checkout's programs first."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    _shell: subprocess.Popen[bytes] | None = None
    _staying: list[int] = field(default_factory=list)

    def __enter__(self) -> Self:
        kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR", "TZ") if name in os.environ}
        env = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "COLUMNS": "120",
            "NO_COLOR": "1",
            "TERM": "dumb",
            "PYTHONUNBUFFERED": "1",
            **self.environment,
        }
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self.folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._staying:
            _end(self._staying.pop())
        shell = self._live()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
        for pipe in (shell.stdin, shell.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def follow(self, page: Path) -> None:
        """Do what the page says."""
        for block in blocks(page):
            if "file" in block.options:
                self.write(block)
            elif block.language == "console":
                for step in steps(block):
                    self.take(step)

    def write(self, block: Block) -> None:
        """What the reader does in an editor."""
        content = "".join(f"{line}\n" for line in block.lines)
        done, said = self._ask(f"mkdir -p -- {shlex.quote(str(Path(block.options['file']).parent))}", SECONDS)
        if done:
            raise MismatchError(f"{block.page}:{block.line}: {said}")
        _, here = self._ask("pwd", SECONDS)
        (Path(here.strip()) / block.options["file"]).write_text(content, encoding="utf-8")

    def take(self, step: Step) -> None:
        """Run one command and compare."""
        if step.stays:
            self._stay(step)
            return
        status, output = self._ask(step.command, step.seconds, step.where)
        if status != step.status:
            raise _mismatch(step, output, f"it ended with {status}, not with {step.status}")
        if not step.told(output):
            raise _mismatch(step, output, "it printed something else")

    def _stay(self, step: Step) -> None:
        log = Path(tempfile.mkstemp(prefix="staying-", suffix=".log")[1])
        command = step.command.removesuffix("&").strip()
        try:
            _, said = self._ask(
                f"{{ {command}; }} >{shlex.quote(str(log))} 2>&1 </dev/null & echo $!", SECONDS, step.where
            )
            pid = int(said.split()[-1])
            self._staying.append(pid)
            deadline = time.monotonic() + step.seconds
            while not (step.shown and step.told(log.read_text(), more=True)):
                if time.monotonic() > deadline or not alive(pid):
                    raise _mismatch(step, log.read_text(), "it did not come to print what is shown")
                if not step.shown:
                    return
                time.sleep(0.1)
        finally:
            log.unlink()

    def _ask(self, command: str, seconds: float, where: str = "") -> tuple[int, str]:
        shell, mark = self._live(), f"end-{uuid.uuid4().hex}"
        assert shell.stdin
        assert shell.stdout
        # `eval` keeps `cd` and `export`, and a syntax error stays the command's own. A prompt finds an empty input.
        shell.stdin.write(f"eval {shlex.quote(command)} </dev/null; echo {mark} $?\n".encode())
        shell.stdin.flush()
        heard, deadline = bytearray(), time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(shell.stdout, selectors.EVENT_READ)
            while not (end := re.search(rf"{mark} (\d+)\n".encode(), heard)):
                left = deadline - time.monotonic()
                chunk = os.read(shell.stdout.fileno(), 65536) if left > 0 and selector.select(left) else b""
                if not chunk and (left <= 0 or shell.poll() is not None):
                    raise MismatchError(f"{where}: `{command}` did not end in {seconds:g} s\n{heard.decode()[-4000:]}")
                heard += chunk
        return int(end[1]), heard[: end.start()].decode()

    def _live(self) -> subprocess.Popen[bytes]:
        assert self._shell, "a terminal is opened by `with`"
        return self._shell


def _pattern(shown: tuple[str, ...]) -> re.Pattern[str]:
    lines = ["(?:.*\n)*?" if line.strip() == "..." else _line(line) + "\n" for line in shown]
    return re.compile("".join(lines) + ("(?:.*\n)*" if shown[-1].strip() == "..." else ""))


def _line(shown: str) -> str:
    return ".*?".join(re.escape(part) for part in shown.split("..."))


def _mismatch(step: Step, output: str, what: str) -> MismatchError:
    shown = "\n".join(step.shown)
    return MismatchError(f"{step.where}: `{step.command}`: {what}\n--- shown\n{shown}\n--- printed\n{output[-6000:]}")


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended and that nobody took note of does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the second when it ends while its file is read
        return False


def _end(pid: int) -> None:
    """End a command that stays. Its shell ends with what it started, and is there to take note of that."""
    told, deadline = _children(pid) or [pid], time.monotonic() + STOP_SECONDS
    _signal(told, signal.SIGTERM)
    while alive(pid):
        if time.monotonic() > deadline:
            _signal([*told, pid], signal.SIGKILL)
            return
        time.sleep(0.05)


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _children(pid: int) -> list[int]:
    """The direct children; what they started in turn is theirs to end."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="tutorial-") as made, Terminal(Path(made)) as reader:
        for found in blocks(Path(sys.argv[1])):
            if "file" in found.options:
                reader.write(found)
            for taken in steps(found) if found.language == "console" and "file" not in found.options else ():
                print(f"{taken.where}: $ {taken.command}", flush=True)
                reader.take(taken)
