"""
Keys to a bucket, in a file as AWS's own tools write it. Read again whenever it changes, so that keys can be rotated.

What cannot be read as such is told by its path alone: a message of the parser would repeat its lines.
"""

import configparser
import os
import stat
from pathlib import Path

from fedpact.dal_service.domain.errors import BucketRefusesError
from fedpact.dal_service.domain.signature import Credentials

_Stamp = tuple[int, int, int]
_SECTION = "default"
_FORM = "`[default]` with `aws_access_key_id` and `aws_secret_access_key`"


class CredentialsFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: _Stamp | None = None
        self._found: Credentials | None = None

    def read(self) -> Credentials:
        """As of now; `BucketRefusesError` when there are none that can be used."""
        try:
            found = os.stat(self._path)  # noqa: PTH116 - on the path of every request
            if found.st_mode & stat.S_IRWXO:
                raise BucketRefusesError(f"cannot be asked: others may read `{self._path}`, take that from them")
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if self._found is None or stamp != self._stamp:
                self._found = _parsed(self._path.read_text())
                self._stamp = stamp
        except OSError as error:
            raise BucketRefusesError(f"cannot be asked: `{self._path}` cannot be read: {error.strerror}") from error
        except ValueError:
            raise BucketRefusesError(f"cannot be asked: `{self._path}` is not {_FORM}") from None
        return self._found


def _parsed(text: str) -> Credentials:
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(text)
        said = parser[_SECTION]
        key, secret = said["aws_access_key_id"], said["aws_secret_access_key"]
    except (configparser.Error, KeyError):
        raise ValueError from None
    session = said.get("aws_session_token", "")
    if not key or not secret or not all(one.isascii() and one.isprintable() for one in (key, secret, session)):
        raise ValueError
    return Credentials(key_id=key, secret=secret, session=session)
