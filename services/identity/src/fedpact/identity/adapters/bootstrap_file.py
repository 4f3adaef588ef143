"""The bootstrap file: read once, at the start."""

from pathlib import Path

from pydantic import ValidationError

from fedpact.contracts.mistakes import first_misfit
from fedpact.identity.app.bootstrap import Bootstrap


class BootstrapFileError(Exception):
    """The bootstrap file cannot be used; the text says what to do."""


def read(file: Path | None) -> Bootstrap:
    """What `file` wants registered; nothing without a file."""
    if file is None:
        return Bootstrap()
    try:
        return Bootstrap.model_validate_json(file.read_bytes())
    except OSError as error:
        raise BootstrapFileError(f"`{file}` cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = first_misfit(error)
        raise BootstrapFileError(f"`{file}` is wrong at `{first.path}`: {first.text}") from None
