"""
The two cookies of the pages: one while somebody logs in, one while they are logged in.

No script reads them, no other site sends them along with anything but a plain link. Behind https they are `Secure`
and bound to this very host by their name.
"""

from dataclasses import dataclass

from aiohttp import web

LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One cookie."""

    purpose: str
    secure: bool
    seconds: int

    @property
    def name(self) -> str:
        return f"{'__Host-' if self.secure else ''}fedpact-{self.purpose}"

    def read(self, request: web.Request) -> str:
        """What the browser holds; empty when it holds nothing."""
        value = request.cookies.get(self.name, "")
        return value if len(value) <= LONGEST else ""

    def put(self, response: web.StreamResponse, value: str) -> None:
        """Have the browser keep `value`."""
        response.set_cookie(
            self.name, value, max_age=self.seconds, path="/", httponly=True, secure=self.secure, samesite="Lax"
        )

    def drop(self, response: web.StreamResponse) -> None:
        """Have the browser forget it."""
        response.del_cookie(self.name, path="/", httponly=True, secure=self.secure, samesite="Lax")
