"""
Which portal, as whom: the choice that the command line and programs make the same way.

The portal: what is given, FEDPACT_URL, where the profile is logged in, the embedded federation that runs here, or
where it would run. The account: a profile that is named; else FEDPACT_CLIENT_ID, FEDPACT_PROVIDER_TOKEN_FILE,
FEDPACT_TOKEN_FILE; else the profile.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from fedpact.client import notebooks
from fedpact.client.addresses import checked, is_local
from fedpact.client.async_hub import AsyncOptions
from fedpact.client.fedpact import AsyncFedpact, Fedpact
from fedpact.client.hub import Options
from fedpact.client.oauth import Issuer
from fedpact.client.profiles import DEFAULT, Profiles, profiles
from fedpact.client.progress import automatic
from fedpact.client.tokens import (
    Anonymous,
    ExchangedToken,
    ServiceAccount,
    StoredLogin,
    TokenFile,
    TokenSource,
    secret_file_of,
)

EMBEDDED = "http://127.0.0.1:7070"
"""Where `fedpact up` serves the portal, when nobody else is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """What was said about where and who; the rest comes from the environment."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    url: str | None = None
    profile: str | None = None
    options: Options = field(default_factory=Options)

    @property
    def name(self) -> str:
        """The profile."""
        return self.profile or self.environ.get("FEDPACT_PROFILE") or DEFAULT

    @property
    def profiles(self) -> Profiles:
        return profiles(self.environ)

    def portal(self) -> str:
        """The portal's URL."""
        url = self.url or self.environ.get("FEDPACT_URL") or self._known() or EMBEDDED
        return checked(url, self.environ)

    def issuer_at(self, url: str) -> Issuer:
        return Issuer.at(url, self.environ, self.options.clock, self.options.transport)

    def issuer(self) -> Issuer:
        """Who logs people in for this portal, as the portal says."""
        with Fedpact(self.portal(), Anonymous(), self.options) as fp:
            return self.issuer_at(fp.config().issuer)

    def tokens(self) -> TokenSource:
        """Where the access token comes from."""
        client, clock = self.environ.get("FEDPACT_CLIENT_ID"), self.options.clock
        if client and not self.profile:
            secret = secret_file_of(self.environ)
            return ServiceAccount(client=client, secret_file=secret, issuer=self.issuer, clock=clock)
        provided = self.environ.get("FEDPACT_PROVIDER_TOKEN_FILE")
        if provided and not self.profile:
            return ExchangedToken(path=Path(provided), issuer=self.issuer, clock=clock)
        token_file = self.environ.get("FEDPACT_TOKEN_FILE")
        if token_file and not self.profile:
            return TokenFile(Path(token_file))
        return StoredLogin(
            name=self.name, url=self.portal(), profiles=self.profiles, issuer_at=self.issuer_at, clock=clock
        )

    def fedpact(self) -> Fedpact:
        return Fedpact(self.portal(), self.tokens(), self.options)

    def _known(self) -> str | None:
        login, running = self.profiles.find(self.name), embedded_url(home(self.environ))
        if login and not (running and is_local(login.url)):
            return login.url
        return running


def connect(*, url: str | None = None, profile: str | None = None) -> Fedpact:
    """
    The federation this machine is logged in at: see the module's rule for which one, and as whom.

    Waits are shown in a terminal and in a notebook.
    """
    notebooks.prepare()
    return Connecting(url=url, profile=profile, options=Options(progress=automatic)).fedpact()


def connect_async(*, url: str | None = None, profile: str | None = None) -> AsyncFedpact:
    """The same federation, for programs that await."""
    notebooks.prepare()
    connecting = Connecting(url=url, profile=profile)
    return AsyncFedpact(connecting.portal(), connecting.tokens(), AsyncOptions(progress=automatic))


def home(environ: Mapping[str, str]) -> Path:
    """Where `fedpact up` keeps its federation: FEDPACT_HOME, or `.fedpact` in the folder one works in."""
    return Path(environ.get("FEDPACT_HOME") or ".fedpact").expanduser()


def embedded_url(folder: Path) -> str | None:
    """The portal of the embedded federation, as its `running.json` says while it runs: on this machine, or none."""
    url = _running(folder).get("url")
    return url if isinstance(url, str) and is_local(url) else None


def embedded_sockets(folder: Path) -> tuple[str, ...]:
    """The sockets of the embedded federation's gateways, while it runs."""
    sockets = _running(folder).get("sockets")
    return tuple(sorted(str(path) for path in sockets.values())) if isinstance(sockets, dict) else ()


def _running(folder: Path) -> Mapping[str, JsonValue]:
    try:
        told = json.loads((folder / "running.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
