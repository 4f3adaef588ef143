"""Model folders for tests: the template under a name, and what can be wrong with it."""

import subprocess
import sys
from pathlib import Path

from fedpact.model_tools.starting import begin

FEDPACT = Path(sys.executable).with_name("fedpact")


def begun(folder: Path, *edits: tuple[str, str, str]) -> Path:
    """A new model `mine` below `folder`; each edit is (file, what stands there, what instead)."""
    made = begin("mine", folder)
    for name, old, new in edits:
        text = (made / name).read_text()
        assert old in text, f"`{old}` is not in {name}"
        (made / name).write_text(text.replace(old, new))
    return made


def fedpact(folder: Path, *words: str, seconds: float = 240) -> "subprocess.CompletedProcess[str]":
    """The command as a person runs it in `folder`."""
    return subprocess.run([FEDPACT, *words], cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)
