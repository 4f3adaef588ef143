"""
Runs in a server's container before FLARE: what its jobs write to their metrics files is told on the console too.

An agent cannot look into a container, and a right to do so would be a right to everything in it; the console it reads
anyway. Only the standard library is there: this file's text is the program, see `domain.pods`.
"""

import os
import runpy
import sys
import threading
import time
from pathlib import Path

MARK = "fedpact-metrics"
PAUSE = 0.25
CONSOLE = 1


def told(kit: Path, offsets: dict[Path, int]) -> str:
    """What is new in the metrics files of the jobs in `kit`, a marked line for each; `offsets` is moved on."""
    lines = []
    for path in sorted(kit.glob("*/metrics/round_metrics.jsonl")):
        with path.open("rb") as file:
            file.seek(offsets.get(path, 0))
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        offsets[path] = offsets.get(path, 0) + len(whole)
        job = path.parents[1].name
        lines += [f"{MARK} {job} {line.decode(errors='replace')}\n" for line in whole.splitlines()]
    return "".join(lines)


def tell(kit: Path) -> None:
    """For ever. A job's folder may go at any moment."""
    offsets: dict[Path, int] = {}
    while True:
        try:
            news = told(kit, offsets)
        except OSError:
            news = ""
        if news:
            os.write(CONSOLE, news.encode())
        time.sleep(PAUSE)


def main() -> None:
    """Run the module and arguments that are given, in the folder of the kit."""
    threading.Thread(target=tell, args=(Path.cwd(),), daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
