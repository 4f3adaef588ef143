"""
The custodian's side of datasets: told to the gateway's own agent, through a socket on its machine.

Which path a dataset has stays between the two; the hub never learns it. Whoever may open the socket may register, so
its permissions are the custodian's.
"""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, RootModel

from fedpact.client.answers import error_of, read
from fedpact.client.errors import InputError, UnreachableError
from fedpact.client.messages import Response

_PATIENCE = httpx.Timeout(30.0, connect=5.0)
"""An agent reads what is registered before it answers."""
_NAME = r"[a-z0-9-]{1,40}"
ENVIRON = "FEDPACT_GATEWAY_SOCKET"


class Offered(BaseModel):
    """A dataset the gateway offers. Only here is its path told."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    dataset: str
    path: str | None = None
    description: str = ""


class Offers(RootModel[tuple[Offered, ...]]):
    """All of them."""


class Rotated(BaseModel):
    """When the new credentials end."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    expires_at: AwareDatetime


class Custodian:
    """A gateway's agent, for those who may open its socket."""

    def __init__(self, socket: Path, transport: httpx.BaseTransport | None = None) -> None:
        self._socket, self._own = socket, transport is None
        self._http = httpx.Client(
            base_url="http://gateway",
            transport=transport or httpx.HTTPTransport(uds=str(socket)),
            timeout=_PATIENCE,
            trust_env=False,
        )

    def register(self, name: str, path: str, description: str = "", derived_from: Sequence[str] = ()) -> Offered:
        """
        Make a dataset known under `name`, or change it. Its id is `<name>_<gateway>_<organization>`.

        What is made of other datasets, `derived_from`, is decided by the policies about those.
        """
        lineage = {"derived_from": list(derived_from)} if derived_from else {}
        body = json.dumps({"path": path, "description": description, **lineage}).encode()
        return read(Offered, self._ask("PUT", _path(name), body))

    def unregister(self, name: str) -> None:
        """Take a dataset back: nothing reads it from now on."""
        self._ask("DELETE", _path(name))

    def offers(self) -> Offers:
        """What the gateway offers, and where it lies."""
        return read(Offers, self._ask("GET", "/datasets"))

    def rotate(self) -> Rotated:
        """Have the agent make its next key for the bus now."""
        return read(Rotated, self._ask("POST", "/rotate"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def _silent(self, cause: str) -> str:
        return (
            f"the gateway does not answer at `{self._socket}` ({cause}): see that its agent runs, and that you may open"
            " the socket"
        )

    def _ask(self, method: str, path: str, body: bytes = b"") -> Response:
        if self._own and not self._socket.is_socket():
            raise UnreachableError(self._silent("there is no socket"))
        try:
            answer = self._http.request(method, path, content=body, headers={"Content-Type": "application/json"})
        except httpx.TransportError as error:
            raise UnreachableError(self._silent(str(error).lower())) from error
        response = Response(status=answer.status_code, body=answer.content)
        if not response.good:
            raise error_of(response)
        return response


def absolute(path: str) -> str:
    """The path from the root, or in a bucket; one that means a folder still ends with `/`."""
    if path.startswith("s3://"):
        return path
    return os.path.normpath(Path(path).expanduser().absolute()) + ("/" if path.endswith("/") and path != "/" else "")


def _path(name: str) -> str:
    if not re.fullmatch(_NAME, name):
        raise InputError(f"`{name}` cannot be a dataset's name: use 1 to 40 of a-z, 0-9 and `-`", path="name")
    return f"/datasets/{quote(name, safe='')}"
