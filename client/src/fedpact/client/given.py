"""What somebody gave, values and files of this machine, told as wrong in this package's words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from fedpact.client.documents import first_problem
from fedpact.client.errors import InputError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})


@contextmanager
def given() -> Iterator[None]:
    """What is built and kept in here fails by what was given: every such failure is an `InputError`."""
    try:
        yield
    except ValidationError as error:
        raise wrong(error) from error
    except (PydanticSerializationError, UnicodeEncodeError) as error:
        raise InputError("this holds characters that are no text in UTF-8: leave them out") from error
    except OSError as error:
        if not told_of_files(error):
            raise
        raise unusable(error) from error


def wrong(error: ValidationError, whole: str = "this") -> InputError:
    """What a model says against what was given; `whole` is what people call it."""
    member, text = first_problem(error)
    return InputError(f"`{member}` is wrong: {text}" if member else f"{whole} is wrong: {text}", path=member)


def told_of_files(error: OSError) -> bool:
    """Whether it is a file or a disk that could not be used, and not a connection or a program."""
    return error.filename is not None or error.errno in _FULL


def unusable(error: OSError) -> InputError:
    """Why a file or folder of this machine cannot be used."""
    cause = (error.strerror or "unknown cause").lower()
    if error.filename is None:
        return InputError(f"what was to be written could not be ({cause}): make room, or write it elsewhere")
    return InputError(f"`{error.filename}` cannot be used ({cause}): check the path, and that you may use it")
