"""`fedpact help`: what is about no single command."""

from typing import Annotated

import typer

from fedpact.client.cli.nouns import verb
from fedpact.client.cli.session import MEANING, Session
from fedpact.client.errors import InputError

TOPICS = ("exit-codes", "environment")
ENVIRONMENT = {
    "FEDPACT_URL": "the portal",
    "FEDPACT_PROFILE": "the login to act as, as `--as` says it",
    "FEDPACT_CLIENT_ID": "act as this service account",
    "FEDPACT_CLIENT_SECRET_FILE": "the file that holds its secret",
    "FEDPACT_PROVIDER_TOKEN_FILE": "a token of the federation's identity provider, exchanged for one of the federation",
    "FEDPACT_TOKEN_FILE": "act with the access token in this file",
    "FEDPACT_CONFIG_DIR": "where logins are kept",
    "FEDPACT_HOME": "the folder of the federation that `fedpact up` runs",
    "FEDPACT_GATEWAY_SOCKET": "the socket of a gateway's agent",
    "FEDPACT_ALLOW_HTTP": "1 allows a portal without TLS, where the network is yours",
}


def add_to(app: typer.Typer) -> None:
    verb(app, "help")(explain)


def explain(
    cli: Session,
    topic: Annotated[
        str, typer.Argument(metavar="TOPIC", help=f"One of {', '.join(TOPICS)}.", autocompletion=lambda: TOPICS)
    ] = "exit-codes",
) -> None:
    """What exit codes mean, and what the environment may say."""
    if topic not in TOPICS:
        raise InputError(f"there is no help on `{topic}`: it is on {' and '.join(TOPICS)}, or `fedpact NOUN --help`")
    table = {str(code): text for code, text in MEANING.items()} if topic == "exit-codes" else ENVIRONMENT
    width = max(map(len, table))
    cli.tell("\n".join(f"{name:<{width}}  {text}" for name, text in table.items()), **table)
