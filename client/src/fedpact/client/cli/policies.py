"""`fedpact policies`: keys, signing and verifying work without any hub; publish, list, get and withdraw ask it."""

from pathlib import Path
from typing import Annotated

import typer

from fedpact.client import policies as offline
from fedpact.client.cli.choices import File, Key, Page, PageSize
from fedpact.client.cli.nouns import noun, verb
from fedpact.client.cli.output import Format
from fedpact.client.cli.session import Session
from fedpact.client.errors import InputError
from fedpact.contracts.api import PageQuery
from fedpact.contracts.policies import Dsse
from fedpact.decision.keys import by_id, keyid

app = noun("Asset policies: who may run what on which data, signed by its custodian.")
Policy = Annotated[str, typer.Argument(metavar="POLICY", help="The policy's id.", show_default=False)]
PrivateKeys = Annotated[list[Path], typer.Option("--key", help="A private key (PEM); repeat it for more.")]


@verb(app)
def keygen(
    cli: Session,
    file: Annotated[Path, typer.Argument(help="Where to write the private key.", show_default=False)],
) -> None:
    """Make a key pair: FILE is private, FILE's name with `.pub.pem` is what gateways trust."""
    public, key = offline.new_key(file)
    cli.note(f"private key: {file} (keep it)")
    cli.note(f"public key: {public} (for the trust store of your gateways)")
    typer.echo(key)


@verb(app)
def sign(
    cli: Session,
    file: File,
    key: PrivateKeys,
    out: Annotated[Path | None, typer.Option(help="Where to write the envelope; printed unless given.")] = None,
) -> None:
    """Sign a policy, or add a signature to a signed one."""
    found = offline.read_policy_file(file)
    envelope = offline.countersigned(found, key) if isinstance(found, Dsse) else offline.sign(found, key)
    if out is None:
        typer.echo(envelope.model_dump_json(indent=2))
        return
    offline.write_envelope(out, envelope)
    cli.note(f"signed: {out}")


@verb(app)
def verify(
    cli: Session,
    file: File,
    key: Annotated[list[Path], typer.Option("--key", help="A public key that is trusted (PEM); repeat it for more.")],
    threshold: Annotated[int, typer.Option(min=1, help="How many of them have to have signed.")] = 1,
) -> None:
    """See that a policy is signed by trusted keys and says what it said then."""
    found = offline.read_policy_file(file)
    if not isinstance(found, Dsse):
        raise InputError(f"`{file}` is a policy without signature: `fedpact policies sign {file} --key KEY`")
    trusted = by_id(offline.public_key(path) for path in key)
    document, signed_by = offline.verify(found, trusted, threshold)
    names = [str(path) for path in key if keyid(offline.public_key(path)) in signed_by]
    cli.note(f"signed by {', '.join(names)}")
    cli.show(document)


@verb(app)
def publish(
    cli: Session,
    file: File,
    key: Annotated[list[Path] | None, typer.Option("--key", help="Sign it with this private key first.")] = None,
    idempotency_key: Key = None,
) -> None:
    """Put a policy, or a new revision of it, in force."""
    found = offline.read_policy_file(file)
    if not isinstance(found, Dsse) and key:
        found = offline.sign(found, key)
    elif isinstance(found, Dsse) and key:
        found = offline.countersigned(found, key)
    if not (isinstance(found, Dsse) and found.signatures):
        cli.note("this policy is not signed: gateways refuse it unless they are told to take such")
    with cli.fedpact() as fp:
        cli.show(fp.policies.publish(found, key=idempotency_key))


@verb(app, "list")
def list_(cli: Session, page: Page = 0, page_size: PageSize = 50) -> None:
    """Policies you wrote or benefit from."""
    with cli.fedpact() as fp:
        cli.show(fp.policies.list(PageQuery(page=page, page_size=page_size)))


@verb(app)
def get(
    cli: Session,
    policy: Policy,
    envelope: Annotated[bool, typer.Option("--envelope", help="Print the signed envelope instead.")] = False,
) -> None:
    """One policy."""
    with cli.fedpact() as fp:
        view = fp.policies.get(policy)
    if not envelope:
        cli.show(view)
        return
    if view.envelope is None:
        raise InputError(f"the envelope of `{policy}` is shown to {view.organization} only")
    typer.echo(view.envelope.model_dump_json(indent=None if cli.output is Format.TABLE else 2))


@verb(app)
def withdraw(cli: Session, policy: Policy, key: Key = None) -> None:
    """End a policy; what runs on it alone stops."""
    with cli.fedpact() as fp:
        cli.show(fp.policies.withdraw(policy, key=key))
