"""Serves an embedded federation of two custodians in this process: `python -m fedpact.infra.serve FOLDER MODELS`."""

import asyncio
import sys
from pathlib import Path

from fedpact.infra import up
from fedpact.infra.federation import federation


def main() -> None:
    folder, models = (Path(argument) for argument in sys.argv[1:3])
    members = federation(2)
    asyncio.run(up.serve(up.machine_in(folder, members, models), members, _say))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
