"""
Serves an embedded federation of two custodians in this process.

`python -m fedpact.infra.serve FOLDER MODELS [PORT]`: the portal has `PORT` when it is free, which is for people.
"""

import asyncio
import sys
from pathlib import Path

from fedpact.infra import up
from fedpact.infra.federation import federation
from fedpact.infra.holding import holding


def main() -> None:
    folder, models = (Path(argument) for argument in sys.argv[1:3])
    members = federation(2)
    usual = int(sys.argv[3]) if sys.argv[3:] else None
    machine = up.machine_in(folder, members, models, usual=usual)
    with holding(machine.layout):
        asyncio.run(up.serve(machine, members, _say, lambda: _say(f"the portal listens at {machine.url('portal')}")))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
