"""
The only way to the data: the site's data access layer, named by three variables of the environment.

APH_API_DAL_URL is its address, APH_DAL_TOKEN the bearer token, APH_DATA a JSON object of dataset id to path. The
policy that comes with each path is the custodian's word: the models read their permissions and privacy controls from
there, never from the job. No proxy is used, no redirect followed, and no answer of the layer is repeated in an error.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TypeVar
from urllib.parse import quote, urlsplit

from .errors import SiteRefusalError

R = TypeVar("R")
_OK = 200
_UNAVAILABLE = 503
_TIMEOUT = 120.0
_FOLDER = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the custodian allows this computation on one dataset."""

    permissions: Mapping[str, object] = field(default_factory=dict)
    privacy: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDoor:
    """
    The data access layer as one participant may use it.

    `paths` maps dataset to path; `pauses` are the seconds between tries while nobody answers, or it says that what
    keeps the data does not: it may be starting again, and a cluster that moves it takes a minute or two. All together
    are three minutes.
    """

    url: str
    token: str
    paths: Mapping[str, str]
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0, *(15.0,) * 11)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "DataDoor":
        """The door this process was given."""
        try:
            paths = json.loads(environment["APH_DATA"])
            url, token = environment["APH_API_DAL_URL"], environment["APH_DAL_TOKEN"]
        except (KeyError, ValueError) as fault:
            raise SiteRefusalError("the site was started without its data access variables") from fault
        if not isinstance(paths, dict) or not paths:
            raise SiteRefusalError("the site was given no dataset")
        return cls(url=url.rstrip("/"), token=token, paths=paths)

    def tables(self) -> list[bytes]:
        """The content of every file of every dataset, in the order of the datasets' ids."""
        return [content for _, path in sorted(self.paths.items()) for content in self._contents(path)]

    def policies(self) -> list[Policy]:
        """What the custodian allows on each dataset."""
        return [self._policy(path) for _, path in sorted(self.paths.items())]

    def _contents(self, path: str) -> list[bytes]:
        if not path.endswith(_FOLDER):
            return [self._get("datasets", path)[0]]
        files = [file for file in self._listing(path) if file.lower().endswith(".csv")]
        if not files:
            raise SiteRefusalError("a dataset is a folder without a CSV file")
        return [self._get("datasets", file)[0] for file in sorted(files)]

    def _listing(self, path: str) -> list[str]:
        files: list[str] = []
        page: str | None = path
        while page:
            body, link = self._get("datasets", page)
            files += _json(body, _as_names)
            page = link
        return files

    def _policy(self, path: str) -> Policy:
        return _json(self._get("policies", path)[0], _as_policy)

    def _get(self, what: str, path: str) -> tuple[bytes, str | None]:
        body, status, link = self._answered(what, path)
        if status != _OK:
            raise SiteRefusalError(f"the data access layer refused `{what}` with status {status}")
        return body, link

    def _answered(self, what: str, path: str) -> tuple[bytes, int, str | None]:
        for pause in self.pauses:
            with suppress(OSError, HTTPException):
                answer = self._asked(what, path)
                if answer[1] != _UNAVAILABLE:
                    return answer
            time.sleep(pause)
        try:
            return self._asked(what, path)
        except (OSError, HTTPException) as fault:
            raise SiteRefusalError(f"the data access layer did not answer for `{what}`") from fault

    def _asked(self, what: str, path: str) -> tuple[bytes, int, str | None]:
        target = urlsplit(self.url)
        connect = HTTPSConnection if target.scheme == "https" else HTTPConnection
        connection = connect(target.hostname or "", target.port, timeout=_TIMEOUT)
        try:
            place = f"{target.path}/{what}/{quote(path, safe='/:?=&%')}"
            connection.request("GET", place, headers={"Authorization": f"Bearer {self.token}"})
            response = connection.getresponse()
            return response.read(), response.status, response.getheader("Link")
        finally:
            connection.close()


def _as_names(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError
    return value


def _as_policy(value: object) -> Policy:
    if not isinstance(value, dict):
        raise TypeError
    permissions, privacy = value["permissions"], value["privacy"]
    if not isinstance(permissions, dict) or not isinstance(privacy, dict):
        raise TypeError
    return Policy(permissions=permissions, privacy=privacy)


def _json(body: bytes, read: Callable[[object], R]) -> R:
    try:
        return read(json.loads(body))
    except (ValueError, TypeError, KeyError) as fault:
        raise SiteRefusalError("the data access layer gave an answer that cannot be read") from fault
