"""The `fedpact` command from its first line on: loading it takes a moment, which Ctrl-C may end as every other."""

import sys

INTERRUPTED = 130


def run() -> None:
    """The program; nothing of it is loaded before somebody is there who knows what Ctrl-C means."""
    try:
        from fedpact.client.cli.main import run as command  # noqa: PLC0415 - loading is what takes the moment

        command()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
