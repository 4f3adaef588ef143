"""
The custodian's side of datasets: told to the gateway's own agent, through a socket on its machine.

Which path a dataset has stays between the two; the hub never learns it. Whoever may open the socket may register, so
its permissions are the custodian's.
"""

from pathlib import Path
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict

from fedpact.client.addresses import TIMEOUT
from fedpact.client.answers import error_of
from fedpact.client.errors import InputError, UnreachableError
from fedpact.client.messages import Response
from fedpact.contracts.registry import DatasetShape

ENVIRON = "FEDPACT_GATEWAY_SOCKET"


class NewDataset(BaseModel):
    """What the gateway is told of a dataset: where it lies, and what others may know of it."""

    model_config = ConfigDict(frozen=True)

    path: str
    description: str = ""
    shape: DatasetShape | None = None


class Custodian:
    """A gateway's agent, for those who may open its socket."""

    def __init__(self, socket: Path, transport: httpx.BaseTransport | None = None) -> None:
        self._socket = socket
        self._http = httpx.Client(
            base_url="http://gateway",
            transport=transport or httpx.HTTPTransport(uds=str(socket)),
            timeout=TIMEOUT,
            trust_env=False,
        )

    def register(self, name: str, new: NewDataset) -> None:
        """Make a dataset known under `name`, or change it. Its id becomes `<name>_<gateway>_<organization>`."""
        self._ask("PUT", name, new.model_dump_json(exclude_none=True).encode())

    def unregister(self, name: str) -> None:
        """Take a dataset back: nothing reads it from now on."""
        self._ask("DELETE", name)

    def close(self) -> None:
        self._http.close()

    def _ask(self, method: str, name: str, body: bytes = b"") -> None:
        try:
            response = self._http.request(
                method, f"/datasets/{quote(name, safe='')}", content=body, headers={"Content-Type": "application/json"}
            )
        except httpx.TransportError as error:
            raise UnreachableError(
                f"the gateway does not answer at `{self._socket}` ({str(error).lower()}): see that its agent runs, and"
                " that you may open the socket"
            ) from error
        if not response.is_success:
            raise error_of(Response(status=response.status_code, body=response.content))


def custodian(socket: Path | None, transport: httpx.BaseTransport | None = None) -> Custodian:
    """The agent at `socket`."""
    if socket is None:
        raise InputError(f"which gateway? give its agent's socket with `--socket`, or in {ENVIRON}")
    return Custodian(socket, transport)
