"""`fedpact policies`: keys, signing and verifying work without any hub; the other verbs ask it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from fedpact.client import policies as offline
from fedpact.client.cli import completion
from fedpact.client.cli.choices import File, Key, Page, PageSize
from fedpact.client.cli.nouns import noun, verb
from fedpact.client.cli.output import Format
from fedpact.client.cli.session import Session
from fedpact.client.errors import InputError
from fedpact.client.texts import clean
from fedpact.contracts.api import PageQuery, Preview
from fedpact.contracts.policies import Dsse
from fedpact.decision.keys import by_id, keyid

app = noun("Asset policies: who may run what on which data, signed by its custodian.")
Policy = Annotated[
    str,
    typer.Argument(metavar="POLICY", help="The policy's id.", show_default=False, autocompletion=completion.policies),
]
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
    cli.tell(key, key=key, private=str(file), public=str(public))


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
        cli.show(envelope, envelope.model_dump_json(indent=2))
        return
    offline.write_envelope(out, envelope)
    cli.done(f"signed: {out}", file=str(out))


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
def preview(
    cli: Session,
    file: Annotated[Path | None, typer.Argument(help="A policy, signed or not.", show_default=False)] = None,
    withdraw: Annotated[str | None, typer.Option(metavar="POLICY", help="See what its withdrawal would do.")] = None,
) -> None:
    """See what a policy would allow, and which specs it would decide otherwise; nothing is changed."""
    with cli.fedpact() as fp:
        match file, withdraw:
            case Path(), None:
                found = fp.policies.preview(offline.read_policy_file(file))
            case None, str():
                found = fp.policies.preview_withdrawal(withdraw)
            case _:
                raise InputError("what is to be seen? give a file, or a policy with `--withdraw`")
    if cli.output is not Format.TABLE:
        cli.show(found)
    elif found.obstacle is None:
        typer.echo(clean("\n".join(_sentences(found))))
    if found.obstacle is not None:
        where = f" (at `{found.obstacle.path}`)" if found.obstacle.path else ""
        raise InputError(f"this would be refused: {found.obstacle.reason}{where}")


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
        view = fp.policies.publish(found, key=idempotency_key)
    for hint in view.hints:
        cli.note(hint)
    cli.show(view)


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
        raise InputError(f"the envelope of `{policy}` is shown to owners of `{view.organization}` only: ask one for it")
    cli.show(view.envelope, view.envelope.model_dump_json())


@verb(app)
def withdraw(cli: Session, policy: Policy, key: Key = None) -> None:
    """End a policy; what runs on it alone stops."""
    with cli.fedpact() as fp:
        cli.show(fp.policies.withdraw(policy, key=key))


def _sentences(found: Preview) -> Iterator[str]:
    """A preview for people."""
    yield from (allowance.text for allowance in found.allows)
    if found.allowed > len(found.allows):
        yield f"and {found.allowed - len(found.allows)} more"
    if not found.allows:
        yield "nothing would be allowed"
    for effect in (*found.flips, *found.retermed):
        yield effect.text
        yield from (f"  {reason.text}" for reason in (effect.custodian_reasons or effect.reasons))
    yield f"decided otherwise: {found.flipped}; on other terms: {len(found.retermed)}; as before: {found.unchanged}"
    yield from found.notes
    if found.needs_signature:
        yield "this hub takes it with your signature only: `fedpact policies sign`"
