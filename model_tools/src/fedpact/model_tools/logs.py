"""What the processes of a run wrote to their consoles: kept for the author, and searched for what went wrong."""

import re
from collections.abc import Sequence
from pathlib import Path

FOLDER = "logs"
_ENDS = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception)(?::.*)?")
_PLACE = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+)')


def keep(consoles: Sequence[tuple[str, Path]], out: Path) -> None:
    """Copy each participant's console to `<out>/logs/<participant>.log`."""
    for participant, console in consoles:
        if console.is_file():
            (out / FOLDER).mkdir(parents=True, exist_ok=True)
            text = console.read_text(encoding="utf-8", errors="replace")
            (out / FOLDER / f"{participant}.log").write_text(text, encoding="utf-8")


def fault(consoles: Sequence[tuple[str, Path]]) -> str:
    """The first participant's last traceback in one sentence, with its place; empty when there is none."""
    for participant, console in consoles:
        if console.is_file():
            lines = console.read_text(encoding="utf-8", errors="replace").splitlines()
            ends = [number for number, line in enumerate(lines) if _ENDS.fullmatch(line)]
            if ends:
                places = [found for line in lines[: ends[-1]] if (found := _PLACE.match(line))]
                where = f" at {places[-1]['file']}:{places[-1]['line']}" if places else ""
                return f"`{participant}` ended with {lines[ends[-1]]}{where}"
    return ""
