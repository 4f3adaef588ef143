"""Where access tokens come from: a login kept on this machine, a service account, a file, or a value given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fedpact.client.clock import Clock
from fedpact.client.errors import InputError, LoginExpiredError, NotLoggedInError
from fedpact.client.oauth import Issuer, Tokens
from fedpact.client.profiles import DEFAULT, Login, Profiles

EARLY = 30.0
"""Seconds before its end that a token counts as over, so that it lives through the request it is used for."""


class TokenSource(Protocol):
    """Gives the token to send. `fresh` is asked for when the last one was not believed."""

    def token(self, *, fresh: bool = False) -> str: ...


@dataclass(frozen=True, slots=True)
class Anonymous:
    """For what is open to everybody."""

    def token(self, *, fresh: bool = False) -> str:
        if fresh:
            raise NotLoggedInError("nobody is logged in: `fedpact login`")
        return ""


@dataclass(frozen=True, slots=True)
class GivenToken:
    """A token that came from somewhere else and cannot be renewed here."""

    value: str = field(repr=False)

    def token(self, *, fresh: bool = False) -> str:
        if fresh:
            raise LoginExpiredError("the portal does not believe this token any more: get a new one")
        return self.value


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A token that somebody else keeps fresh in a file."""

    path: Path

    def token(self, *, fresh: bool = False) -> str:
        del fresh
        return read_secret(self.path)


@dataclass(slots=True, kw_only=True)
class ServiceAccount:
    """A program's own account. The secret is read from its file each time, so that it can be changed there."""

    client: str
    secret_file: Path
    issuer: Callable[[], Issuer]
    clock: Clock = field(default_factory=Clock)
    _tokens: Tokens | None = None
    _ends: float = 0.0

    def token(self, *, fresh: bool = False) -> str:
        if fresh or self._tokens is None or self.clock.now() >= self._ends - EARLY:
            self._tokens = self.issuer().by_secret(self.client, read_secret(self.secret_file))
            self._ends = self.clock.now() + self._tokens.expires_in
        return self._tokens.access_token


@dataclass(slots=True, kw_only=True)
class ExchangedToken:
    """Whom the federation's identity provider vouches for, by a token that somebody else keeps fresh in a file."""

    path: Path
    issuer: Callable[[], Issuer]
    clock: Clock = field(default_factory=Clock)
    _tokens: Tokens | None = None
    _ends: float = 0.0

    def token(self, *, fresh: bool = False) -> str:
        if fresh or self._tokens is None or self.clock.now() >= self._ends - EARLY:
            self._tokens = self.issuer().exchanged(read_secret(self.path))
            self._ends = self.clock.now() + self._tokens.expires_in
        return self._tokens.access_token


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLogin:
    """A person's login on this machine, for one portal."""

    name: str
    url: str
    profiles: Profiles
    issuer_at: Callable[[str], Issuer]
    clock: Clock = field(default_factory=Clock)

    def token(self, *, fresh: bool = False) -> str:
        login = self._login()
        if not fresh and self._holds(login):
            return login.access_token
        with self.profiles.locked(self.name):
            again = self._login()
            if again != login and self._holds(again):
                return again.access_token
            return self._refreshed(again).access_token

    def _holds(self, login: Login) -> bool:
        return self.clock.now() < login.expires_at - EARLY

    def _login(self) -> Login:
        login = self.profiles.find(self.name)
        if login is None:
            raise NotLoggedInError(f"nobody is logged in as `{self.name}`: {self._hint}")
        if login.url != self.url:
            raise NotLoggedInError(f"`{self.name}` is logged in at {login.url}, not at {self.url}: {self._hint}")
        return login

    def _refreshed(self, login: Login) -> Login:
        if not login.refresh_token:
            raise LoginExpiredError(f"the login of `{self.name}` has ended: {self._hint}")
        try:
            tokens = self.issuer_at(login.issuer).refreshed(login.refresh_token)
        except LoginExpiredError as error:
            raise LoginExpiredError(f"{error.reason}: {self._hint}") from error
        renewed = login_of(self.url, login.issuer, tokens, self.clock.now(), before=login.refresh_token)
        self.profiles.keep(self.name, renewed)
        return renewed

    @property
    def _hint(self) -> str:
        chosen = "" if self.name == DEFAULT else f" --as {self.name}"
        return f"`fedpact{chosen} login` (with `--user NAME` where `fedpact up` runs)"


def login_of(url: str, issuer: str, tokens: Tokens, now: float, *, before: str = "") -> Login:
    """What is kept of tokens that were just issued. `before` stays when no other refresh token came."""
    return Login(
        url=url,
        issuer=issuer,
        access_token=tokens.access_token,
        expires_at=now + tokens.expires_in,
        refresh_token=tokens.refresh_token or before,
    )


def read_secret(path: Path) -> str:
    """The secret in a file, without the line's end."""
    try:
        secret = path.expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise InputError(f"the secret in `{path}` cannot be read: check the path and its permissions") from error
    if not secret or any(not "!" <= char <= "~" for char in secret):
        raise InputError(f"`{path}` holds no secret in one line of printable characters")
    return secret


def secret_file_of(environ: Mapping[str, str]) -> Path:
    """The file with the secret of the service account that the environment names."""
    path = environ.get("FEDPACT_CLIENT_SECRET_FILE")
    if not path:
        raise InputError("FEDPACT_CLIENT_ID is set and FEDPACT_CLIENT_SECRET_FILE is not: name the secret's file")
    return Path(path)
