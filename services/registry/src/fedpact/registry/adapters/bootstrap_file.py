"""The bootstrap file: read once, at the start."""

from pathlib import Path

from pydantic import ValidationError

from fedpact.registry.app.bootstrap import Bootstrap


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
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise BootstrapFileError(f"`{file}` is wrong at `{path}`: {first['msg'].lower()}") from None
