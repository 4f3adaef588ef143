"""
Writing an asset policy: the form with its live preview, then the signature.

A policy is signed by its owner, and the owner's key is never sent here. So what the form holds becomes one document,
and the exact bytes of it are signed by a script in the browser, or with the command line, or, where the hub takes
that, by nobody. What is published is the envelope around those bytes.
"""

from collections.abc import Sequence
from urllib.parse import quote

from aiohttp import web
from pydantic import ValidationError

from fedpact.contracts import strict_json
from fedpact.contracts.api import GatewayView, NewPolicy, PolicyEdit, Preview
from fedpact.contracts.envelope import DomainError, Strict
from fedpact.contracts.ids import DatasetId, dataset_gateway
from fedpact.contracts.policies import POLICY_TYPE, Dsse, PolicyDocument
from fedpact.contracts.registry import Capability
from fedpact.decision import dsse
from fedpact.decision.policies import read_policy, signed_policy
from fedpact.portal.domain.errors import ForbiddenError, MalformedRequestError
from fedpact.portal.entrypoints.pages import policy_draft
from fedpact.portal.entrypoints.pages.forms import LIMITS, Form, Mistake, mistakes
from fedpact.portal.entrypoints.pages.outcomes import filled_in, settled
from fedpact.portal.entrypoints.pages.page import POST, Answer, Desk, Page, View, Visit
from fedpact.portal.entrypoints.pages.policies import OWNERS, may_write
from fedpact.portal.entrypoints.pages.registered import datasets_of, every, only, own_gateways
from fedpact.portal.entrypoints.pages.trouble import STATUS_UNPROCESSABLE


class Beginning(Strict):
    """What a new policy may begin with."""

    dataset: DatasetId | None = None


async def draft(desk: Desk, visit: Visit) -> Answer:
    """The form for a new policy."""
    only(visit, OWNERS)
    return await _form(desk, visit, policy_draft.beginning(visit.asked(Beginning).dataset or ""), ())


async def edit(desk: Desk, visit: Visit) -> Answer:
    """The form with a policy, to be published as its next revision."""
    policy = await desk.queries.policy(visit.viewer, visit.path("policy"))
    if not may_write(visit.viewer, policy) or policy.envelope is None:
        raise ForbiddenError(f"only an owner of `{policy.organization}` changes this policy: ask one to do it")
    document = read_policy(policy.envelope)
    return await _form(desk, visit, policy_draft.filled(document, document.revision + 1), ())


async def preview(desk: Desk, visit: Visit) -> Answer:
    """What the form as it stands would allow and flip."""
    found, wrong = await _preview(desk, visit)
    return View(template="_policy_preview.html", context={"preview": found, "wrong": wrong})


async def redraw(desk: Desk, visit: Visit) -> Answer:
    """The rules with one more or one less, or with the controls of another model."""
    only(visit, OWNERS)
    return View(template="_policy_rules.html", context=await _rules(desk, visit.form))


async def review(desk: Desk, visit: Visit) -> Answer:
    """The last section: the document as it will be signed; back to the form while something is wrong with it."""
    found, wrong = await _preview(desk, visit)
    if found is None or found.obstacle is not None:
        wrong = [*wrong, *([Mistake(found.obstacle.reason, found.obstacle.path)] if found and found.obstacle else [])]
        return await _form(desk, visit, visit.form, wrong)
    document = await _document(desk, visit)
    return await _signing(desk, visit, signed_policy(document), found, ())


async def publish(desk: Desk, visit: Visit) -> Answer:
    """Put the envelope in force that the browser or the command line made."""
    form = visit.form
    try:
        envelope = strict_json.parsed(Dsse, form.text("envelope").encode())
        policy = read_policy(envelope)
    except DomainError as error:
        raise MalformedRequestError(f"this is no policy in an envelope: {error.reason}", path="envelope") from error

    async def send() -> Answer:
        outcome = await desk.writes.publish_policy(visit.sends(NewPolicy(envelope=envelope)))
        return settled(outcome, visit, f"/policies/{quote(policy.id)}")

    async def shown(wrong: Sequence[Mistake]) -> View:
        found = await desk.queries.preview(visit.viewer, PolicyEdit(document=policy))
        plain = dsse.unsigned(dsse.payload_of(envelope, POLICY_TYPE), POLICY_TYPE)
        return await _signing(desk, visit, plain, found, wrong)

    return await filled_in(send, shown)


async def download(desk: Desk, visit: Visit) -> Answer:
    """The document as a file, to sign it with the command line."""
    del desk
    envelope = strict_json.parsed(Dsse, visit.form.text("plain").encode())
    policy = read_policy(envelope)
    return web.Response(
        body=policy.model_dump_json(indent=2).encode(),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{policy.id}.json"'},
    )


async def _preview(desk: Desk, visit: Visit) -> tuple[Preview | None, Sequence[Mistake]]:
    try:
        document = await _document(desk, visit)
    except (ValidationError, DomainError) as error:
        only(visit, OWNERS)
        return None, mistakes(error)
    return await desk.queries.preview(visit.viewer, PolicyEdit(document=document)), ()


async def _document(desk: Desk, visit: Visit) -> PolicyDocument:
    """What stands in the form, people named by e-mail found."""
    addresses = await desk.queries.addresses(visit.viewer)
    return policy_draft.document(visit.form, visit.viewer.organization, addresses)


async def _form(desk: Desk, visit: Visit, form: Form, wrong: Sequence[Mistake]) -> View:
    context = await _rules(desk, form) | {
        "form": form,
        "wrong": wrong,
        "datasets": await datasets_of(desk, visit.viewer.organization),
        "organizations": await every(desk.queries.organizations),
        "editing": form.text("revision") not in {"", "1"},
        "key": visit.call.command_id,
    }
    return View(template="policy_form.html", context=context, status=STATUS_UNPROCESSABLE if wrong else 200)


async def _rules(desk: Desk, form: Form) -> dict[str, object]:
    models = await every(desk.queries.models)
    return {
        "form": form,
        "models": models,
        "numbers": policy_draft.numbers(form),
        "known": {one.model: one for one in models},
        "controls": policy_draft.controls,
        "parameters": policy_draft.parameters,
        "kinds": policy_draft.KINDS,
        "limits": LIMITS,
    }


async def _signing(desk: Desk, visit: Visit, plain: Dsse, found: Preview, wrong: Sequence[Mistake]) -> View:
    document = read_policy(plain)
    about = {dataset_gateway(scope.id) for scope in document.datasets}
    gateways = [one for one in await own_gateways(desk, visit) if one.gateway in about]
    context = {
        "document": document,
        "plain": plain,
        "preview": found,
        "gateways": gateways,
        "refusing": _refusing(gateways),
        "wrong": wrong,
        "key": visit.call.command_id,
    }
    return View(template="policy_sign.html", context=context, status=STATUS_UNPROCESSABLE if wrong else 200)


def _refusing(gateways: Sequence[GatewayView]) -> Sequence[str]:
    """Gateways that would not serve on a policy nobody signed."""
    return [one.gateway for one in gateways if Capability.UNSIGNED_POLICIES not in one.capabilities]


PAGES = (
    Page(path="/new/policy", handler=draft, query=Beginning, roles=OWNERS),
    Page(path="/policies/{policy}/edit", handler=edit, roles=OWNERS),
    Page(path="/draft/policy/preview", handler=preview, method=POST, roles=OWNERS),
    Page(path="/draft/policy/rules", handler=redraw, method=POST, roles=OWNERS),
    Page(path="/draft/policy/review", handler=review, method=POST, roles=OWNERS),
    Page(path="/draft/policy/download", handler=download, method=POST, roles=OWNERS),
    Page(path="/publish/policy", handler=publish, method=POST, roles=OWNERS),
)
