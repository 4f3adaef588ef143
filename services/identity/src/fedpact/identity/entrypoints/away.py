"""
Browsers that are at the identity provider meanwhile.

While somebody is away their browser holds one random secret and what it left for, its errand. State, nonce and PKCE
verifier are made from the secret, so a code that comes back with another browser's state, or to a browser that never
left, is worth nothing; and nothing is kept here. Each login has a cookie of its own, named by its state, so that two
tabs do not take each other's place.
"""

import binascii
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from fedpact.identity.app.arrivals import Arrivals
from fedpact.identity.app.ports import Chance, Trip
from fedpact.identity.domain.errors import AccessDeniedError, InvalidRequestError
from fedpact.identity.domain.model import User
from fedpact.identity.entrypoints.frame import onward

CALLBACK = "/login/callback"
SECONDS, LONGEST = 600, 3500
_ERRAND: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])
Errand = Mapping[str, str]
"""What the browser left for: the parameters it came with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """How browsers go to the provider and come back. `public_url` is where they reach this service."""

    arrivals: Arrivals
    chance: Chance
    public_url: str

    async def leave(self, errand: Errand) -> web.Response:
        """Send the browser to the provider."""
        trip = self._trip(secret := self.chance.secret())
        place = await self.arrivals.page(trip)
        return self._with_cookie(web.Response(status=303, headers={"Location": place}), errand, secret, trip)

    async def leave_by_page(self, errand: Errand) -> web.Response:
        """The same after a form, which a browser lets lead to our own pages only."""
        trip = self._trip(secret := self.chance.secret())
        return self._with_cookie(onward(await self.arrivals.page(trip)), errand, secret, trip)

    def errand(self, request: web.Request) -> tuple[Errand, Trip]:
        """What the browser that came back had left for."""
        state = request.query.get("state", "")
        secret, _, packed = request.cookies.get(self._cookie(state), "").partition(".")
        trip = self._trip(secret)
        if not secret or not hmac.compare_digest(state.encode(), trip.state.encode()):
            raise InvalidRequestError("this login was begun in another browser or long ago: begin it again")
        try:
            return _ERRAND.validate_json(urlsafe_b64decode(packed.encode())), trip
        except (ValidationError, ValueError, binascii.Error) as error:
            raise InvalidRequestError("what this login was for cannot be read: begin it again") from error

    async def person(self, request: web.Request, trip: Trip) -> User:
        """Who came back."""
        code = request.query.get("code")
        if not code:
            told = request.query.get("error_description") or request.query.get("error") or "no reason"
            raise AccessDeniedError(f"the identity provider logged nobody in: {told[:300]}")
        return await self.arrivals.back(code, trip)

    def forget(self, request: web.Request, response: web.StreamResponse) -> None:
        """The login is over: its cookie goes."""
        response.del_cookie(self._cookie(request.query.get("state", "")), path=self._path, secure=self._secure)

    def _with_cookie(self, response: web.Response, errand: Errand, secret: str, trip: Trip) -> web.Response:
        packed = urlsafe_b64encode(json.dumps(dict(errand)).encode()).decode()
        if len(packed) > LONGEST:
            raise InvalidRequestError("this login asks for more than a browser can carry: shorten `state`")
        response.headers["Cache-Control"] = "no-store"
        response.set_cookie(
            self._cookie(trip.state),
            f"{secret}.{packed}",
            max_age=SECONDS,
            path=self._path,
            httponly=True,
            secure=self._secure,
            samesite="Lax",
        )
        return response

    def _trip(self, secret: str) -> Trip:
        state, nonce, verifier = (_mark(secret, purpose) for purpose in ("state", "nonce", "verifier"))
        return Trip(redirect_uri=self.public_url + CALLBACK, state=state, nonce=nonce, verifier=verifier)

    @property
    def _path(self) -> str:
        return urlsplit(self.public_url).path + CALLBACK

    @property
    def _secure(self) -> bool:
        return self.public_url.startswith("https://")

    def _cookie(self, state: str) -> str:
        plain = "".join(char for char in state[:8] if char.isalnum())
        return f"{'__Secure-' if self._secure else ''}fedpact-away-{plain}"


def _mark(secret: str, purpose: str) -> str:
    derived = hmac.digest(secret.encode(), f"fedpact/identity/{purpose}".encode(), sha256)
    return urlsafe_b64encode(derived).decode().rstrip("=")
