"""
The keys an identity provider signs with, and what they signed.

The provider's key set is kept for an hour. A token that names a key we do not know has it fetched again, at most once a
minute: a rotation is noticed at once, and a flood of forgeries is not passed on. While the provider is away, what is
known goes on to count.

Only signatures of public keys count: a token cannot have itself checked by a secret, or not at all. The key decides
what it is for; the header's word is compared with it and never followed elsewhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import JWKRegistry, Key
from pydantic import JsonValue

from fedpact.chassis.clock import Clock
from fedpact.chassis.errors import UnavailableError
from fedpact.contracts import strict_json
from fedpact.contracts.strict_json import MalformedError
from fedpact.identity.domain.errors import UntrustedTokenError
from fedpact.identity.domain.vouching import Claims

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519"),
)
LIFE, FLOOR = timedelta(hours=1), timedelta(minutes=1)
LARGEST = 64_000
"""Characters of a token: some providers put hundreds of groups into it."""

KeyMembers = Mapping[str, JsonValue]
"""One public key as a JWK."""
FetchKeys = Callable[[], Awaitable[Sequence[KeyMembers]]]


class ProviderKeys:
    """The key set that `fetch` brings."""

    def __init__(self, fetch: FetchKeys, clock: Clock) -> None:
        self._fetch, self._clock = fetch, clock
        self._keys: Sequence[Key] = ()
        self._fetched: datetime | None = None
        self._tried: datetime | None = None
        self._turn = asyncio.Lock()

    async def signed(self, token: str) -> Claims:
        """What `token` says, if the provider signed it."""
        kid, algorithm = _header(token)
        key = await self._key(kid, algorithm)
        try:
            payload = jws.deserialize_compact(token, key, algorithms=[algorithm]).payload
            claims = strict_json.loads(payload or b"", max_size=LARGEST)
        except BadSignatureError as error:
            raise UntrustedTokenError("the token's signature does not fit its content") from error
        except (JoseError, MalformedError, ValueError) as error:
            raise UntrustedTokenError("the token cannot be read") from error
        if not isinstance(claims, dict):
            raise UntrustedTokenError("the token does not hold an object")
        return claims

    async def _key(self, kid: str | None, algorithm: str) -> Key:
        if self._outdated():
            await self._refresh()
        found = self._find(kid, algorithm)
        if found is None and self._may_try():
            await self._refresh()
            found = self._find(kid, algorithm)
        if found is None:
            named = f"the key `{kid}`" if kid else "a key it does not name"
            raise UntrustedTokenError(
                f"the token is signed with {named}, which is not among the identity provider's for `{algorithm}`:"
                " log in again, and if that does not help, compare the setting `issuer`"
            )
        return found

    def _find(self, kid: str | None, algorithm: str) -> Key | None:
        fitting = [key for key in self._keys if _fits(key, algorithm)]
        if kid is None:
            return fitting[0] if len(fitting) == 1 else None
        return next((key for key in fitting if key.kid == kid), None)

    def _outdated(self) -> bool:
        return self._fetched is None or (self._clock.now() - self._fetched >= LIFE and self._may_try())

    def _may_try(self) -> bool:
        return self._tried is None or self._clock.now() - self._tried >= FLOOR

    async def _refresh(self) -> None:
        """Fetch; whoever waited for somebody else's fetch takes what that brought."""
        before = self._tried
        async with self._turn:
            if self._tried == before:
                self._tried = self._clock.now()
                await self._replace()
        if not self._keys:
            raise UnavailableError("the identity provider's keys could not be fetched")

    async def _replace(self) -> None:
        try:
            self._keys = [key for members in await self._fetch() if (key := _imported(members))]
        except UnavailableError:
            if not self._keys:
                raise
        else:
            self._fetched = self._tried


def _imported(members: KeyMembers) -> Key | None:
    """The key, or `None` when it is of a kind that nobody here can read."""
    try:
        return JWKRegistry.import_key({name: value for name, value in members.items() if isinstance(value, str)})
    except (JoseError, ValueError, KeyError, TypeError):
        return None


def _header(token: str) -> tuple[str | None, str]:
    """Key and algorithm the token names."""
    if len(token) > LARGEST:
        raise UntrustedTokenError(f"the token is longer than {LARGEST} characters: have fewer groups put into it")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        raise UntrustedTokenError(
            "this is not a signed token (JWT): if it is an access token, have the identity provider issue JWTs"
        ) from error
    kid, algorithm = header.get("kid"), header.get("alg")
    if algorithm not in ALGORITHMS or not isinstance(kid, str | None) or "crit" in header:
        raise UntrustedTokenError(f"the token names the algorithm `{algorithm}`, which does not count here")
    return kid, str(algorithm)


def _fits(key: Key, algorithm: str) -> bool:
    """Whether the key is one for such signatures, as far as it says so itself."""
    if key.get("use") == "enc" or key.get("alg") not in (None, algorithm):
        return False
    match algorithm[:2]:
        case "RS" | "PS":
            return key.key_type == "RSA"
        case "ES":
            return key.key_type == "EC"
        case _:
            return key.key_type == "OKP"
