"""Datasets: what there is, who may use it, and what stewards propose to their gateways."""

from collections.abc import Sequence
from functools import partial
from urllib.parse import quote, urlencode

from fedpact.contracts.api import NewProposal, PageQuery, SpecQuery
from fedpact.contracts.registry import Capability
from fedpact.portal.entrypoints.calls import may_enter
from fedpact.portal.entrypoints.pages.forms import Form, Mistake
from fedpact.portal.entrypoints.pages.outcomes import filled_in, settled
from fedpact.portal.entrypoints.pages.page import POST, Answer, Desk, Page, View, Visit, roles_of
from fedpact.portal.entrypoints.pages.registered import own_gateways, policies_on
from fedpact.portal.entrypoints.pages.trouble import STATUS_UNPROCESSABLE

STEWARDS = roles_of("propose_dataset")
OWNERS = roles_of("publish_policy")
RECENT = 20


def address(page: int) -> str:
    return "/datasets" + (f"?{urlencode({'page': page})}" if page else "")


async def listing(desk: Desk, visit: Visit) -> Answer:
    """All datasets, and what the viewer's organization has proposed."""
    query = visit.asked(PageQuery)
    proposals = await desk.queries.proposals(visit.viewer, PageQuery(page_size=RECENT))
    context = {
        "page": await desk.queries.datasets(query),
        "proposals": proposals,
        "address": address,
        "may_propose": may_enter(visit.viewer, STEWARDS),
    }
    return View(template="datasets.html", context=context)


async def one(desk: Desk, visit: Visit) -> Answer:
    """One dataset, the policies on it that the viewer may read, and the specs that use it."""
    dataset = await desk.queries.dataset(visit.path("dataset"))
    ours = visit.viewer.organization == dataset.organization
    context = {
        "dataset": dataset,
        "ours": ours,
        "policies": await policies_on(desk, visit, dataset.dataset),
        "specs": await desk.queries.specs(visit.viewer, SpecQuery(dataset=dataset.dataset, page_size=RECENT)),
        "may_write_policies": ours and visit.viewer.has(*OWNERS),
        "new_policy": f"/new/policy?{urlencode({'dataset': dataset.dataset})}",
    }
    return View(template="dataset.html", context=context)


async def draft(desk: Desk, visit: Visit) -> Answer:
    """The form for a proposal."""
    return await _form(desk, visit, Form(), ())


async def propose(desk: Desk, visit: Visit) -> Answer:
    """Carry the proposal to the gateway; what is not right yet is told on the form."""
    form = visit.form

    async def send() -> Answer:
        sent = NewProposal(
            gateway=form.text("gateway"),
            name=form.text("name"),
            entry=form.text("entry"),
            description=form.text("description"),
        )
        outcome = await desk.writes.propose_dataset(visit.sends(sent))
        place = outcome.location.rpartition("/")[2]
        return settled(outcome, visit, f"/dataset-proposals/{quote(place)}" if place else "/datasets")

    return await filled_in(send, partial(_form, desk, visit, form))


async def proposal(desk: Desk, visit: Visit) -> Answer:
    """What became of a proposal."""
    return View(
        template="proposal.html",
        context={"proposal": await desk.queries.proposal(visit.viewer, visit.path("proposal"))},
    )


async def _form(desk: Desk, visit: Visit, form: Form, wrong: Sequence[Mistake]) -> View:
    gateways = await own_gateways(desk, visit)
    context = {
        "taking": [one for one in gateways if Capability.PROPOSALS in one.capabilities or not one.announced],
        "closed": [one for one in gateways if Capability.PROPOSALS not in one.capabilities and one.announced],
        "form": form,
        "wrong": wrong,
        "key": visit.call.command_id,
    }
    return View(template="dataset_new.html", context=context, status=STATUS_UNPROCESSABLE if wrong else 200)


PAGES = (
    Page(path="/datasets", handler=listing, query=PageQuery, menu="Datasets"),
    Page(path="/datasets/{dataset}", handler=one),
    Page(path="/new/dataset", handler=draft, roles=STEWARDS),
    Page(path="/new/dataset", handler=propose, method=POST, roles=STEWARDS),
    Page(path="/dataset-proposals/{proposal}", handler=proposal),
)
