"""Who one is: login, logout, whoami, token; and how the hub does."""

from typing import Annotated

import typer

from fedpact.client.browser_login import BrowserLogin
from fedpact.client.cli.nouns import verb
from fedpact.client.cli.session import Session
from fedpact.client.errors import FedpactError
from fedpact.client.fedpact import Fedpact
from fedpact.client.oauth import Issuer, Tokens
from fedpact.client.tokens import login_of

User = Annotated[
    str | None, typer.Option(help="Log in as this user without a browser; an embedded federation offers it.")
]

Browser = Annotated[bool, typer.Option("--browser", help="In the browser of this machine, without a code to compare.")]


def add_to(app: typer.Typer) -> None:
    verb(app)(login)
    verb(app)(logout)
    verb(app)(whoami)
    verb(app)(token)
    verb(app)(status)


def login(cli: Session, user: User = None, browser: Browser = False) -> None:
    """Log in, in a browser on any device."""
    connecting = cli.connecting
    tokens = _tokens(cli, issuer := connecting.issuer(), user, browser=browser)
    kept = login_of(connecting.portal(), issuer.url, tokens, connecting.options.clock.now())
    with Fedpact(kept.url, tokens.access_token, connecting.options) as fp:
        me = fp.me()
    connecting.profiles.keep(connecting.name, kept)
    text = f"logged in as {me.user} ({me.organization}) at {kept.url}"
    cli.done(text, profile=connecting.name, user=me.user, organization=me.organization, url=kept.url)


def logout(cli: Session) -> None:
    """End the login of this profile."""
    connecting = cli.connecting
    kept = connecting.profiles.find(connecting.name)
    if kept is None:
        cli.done(f"nobody is logged in as `{connecting.name}`", profile=connecting.name, logged_out=False)
        return
    connecting.profiles.forget(connecting.name)
    try:
        if kept.refresh_token:
            connecting.issuer_at(kept.issuer).revoke(kept.refresh_token)
    except FedpactError as error:
        cli.note(f"forgotten here, but the hub was not told ({error.reason})")
    cli.done(f"logged out of {kept.url}", profile=connecting.name, logged_out=True)


def whoami(cli: Session) -> None:
    """Who the federation takes you for."""
    with cli.fedpact() as fp:
        cli.show(fp.me())


def token(cli: Session) -> None:
    """Print an access token, for programs that speak to the hub themselves. Treat it as a password."""
    token = cli.connecting.tokens().token()
    cli.tell(token, access_token=token)


def status(cli: Session) -> None:
    """How the hub does."""
    with cli.fedpact() as fp:
        cli.show(fp.status())


def _tokens(cli: Session, issuer: Issuer, user: str | None, *, browser: bool) -> Tokens:
    if user:
        return issuer.by_name(user)
    if browser:
        return BrowserLogin(issuer=issuer, tell=cli.note, clock=cli.connecting.options.clock).tokens()
    return _approved(cli, issuer)


def _approved(cli: Session, issuer: Issuer) -> Tokens:
    device = issuer.device()
    cli.note(f"open {device.verification_uri_complete or device.verification_uri}")
    cli.note(f"and compare the code {device.user_code}; waiting for your approval")
    return issuer.approved(device)
