"""`fedpact orgs` and `fedpact users`: who takes part."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fedpact.client.cli import completion
from fedpact.client.cli.choices import Key, Page, PageSize
from fedpact.client.cli.nouns import noun, verb
from fedpact.client.cli.session import Session
from fedpact.client.errors import InputError
from fedpact.client.secret_files import new_secret
from fedpact.contracts.api import NewUser, PageQuery, UserChange
from fedpact.contracts.identity import Role

orgs = noun("Organizations of the federation.")
users = noun("Users and service accounts.")
Organization = Annotated[
    str,
    typer.Argument(metavar="ORGANIZATION", help="Its id.", show_default=False, autocompletion=completion.organizations),
]
User = Annotated[
    str,
    typer.Argument(metavar="USER", help="The user's id.", show_default=False, autocompletion=completion.users),
]
Roles = Annotated[list[Role] | None, typer.Option("--role", help="What they may do; repeat it for more.")]
Groups = Annotated[list[str] | None, typer.Option("--group", help="A group they are in; repeat it for more.")]

Subject = Annotated[
    str | None,
    typer.Option(help="Who they are at the identity provider, where one is connected; an empty one forgets it."),
]


@verb(orgs, "list")
def list_orgs(cli: Session, page: Page = 0, page_size: PageSize = 50) -> None:
    """Organizations of the federation."""
    with cli.fedpact() as fp:
        cli.show(fp.organizations.list(PageQuery(page=page, page_size=page_size)))


@verb(orgs, "get")
def get_org(cli: Session, organization: Organization) -> None:
    """One organization."""
    with cli.fedpact() as fp:
        cli.show(fp.organizations.get(organization))


@verb(orgs, "register")
def register_org(
    cli: Session,
    organization: Organization,
    name: Annotated[str, typer.Option(help="What people call it.")],
    key: Key = None,
) -> None:
    """Add an organization to the federation."""
    with cli.fedpact() as fp:
        cli.show(fp.organizations.register(organization, name, key=key))


@verb(users, "list")
def list_users(cli: Session, page: Page = 0, page_size: PageSize = 50) -> None:
    """Users you may see."""
    with cli.fedpact() as fp:
        cli.show(fp.users.list(PageQuery(page=page, page_size=page_size)))


@verb(users, "get")
def get_user(cli: Session, user: User) -> None:
    """One user."""
    with cli.fedpact() as fp:
        cli.show(fp.users.get(user))


@verb(users, "register")
def register_user(
    cli: Session,
    user: User,
    *,
    name: Annotated[str, typer.Option(help="What people call them.")],
    email: Annotated[str | None, typer.Option(help="Their address.")] = None,
    organization: Annotated[str | None, typer.Option(help="Where they belong; your own unless given.")] = None,
    role: Roles = None,
    group: Groups = None,
    subject: Subject = None,
    secret_file: Annotated[
        Path | None, typer.Option(help="Make a service account, and write its new secret to this file.")
    ] = None,
    key: Key = None,
) -> None:
    """Add somebody, or with `--secret-file` a program, to an organization."""
    asked: dict[str, Any] = {"user": user, "name": name, "roles": tuple(role or ()), "groups": tuple(group or ())}
    asked |= {"email": email} if email else {}
    asked |= {"organization": organization} if organization else {}
    asked |= {"provider_subject": subject} if subject else {}
    NewUser.model_validate(asked)
    if secret_file is not None:
        asked["secret_hash"] = new_secret(secret_file)
    with cli.fedpact() as fp:
        cli.show(fp.users.register(NewUser.model_validate(asked), key=key))
    if secret_file is not None:
        cli.note(f"the secret is in {secret_file}: log in with FEDPACT_CLIENT_ID={user} and FEDPACT_CLIENT_SECRET_FILE")


@verb(users, "change")
def change_user(
    cli: Session,
    user: User,
    *,
    role: Roles = None,
    group: Groups = None,
    subject: Subject = None,
    disabled: Annotated[bool | None, typer.Option("--disable/--enable", help="Whether they may log in.")] = None,
    key: Key = None,
) -> None:
    """New roles, groups or standing; what is left out stays."""
    said: dict[str, Any] = {
        "roles": role or None,
        "groups": group or None,
        "disabled": disabled,
        "provider_subject": subject,
    }
    if all(value is None for value in said.values()):
        raise InputError("what is to change? give `--role`, `--group`, `--subject`, `--disable` or `--enable`")
    change = UserChange.model_validate({name: value for name, value in said.items() if value is not None})
    with cli.fedpact() as fp:
        cli.show(fp.users.change(user, change, key=key))
