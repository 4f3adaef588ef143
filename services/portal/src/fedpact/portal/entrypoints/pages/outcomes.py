"""What a page does with the outcome of a command: go on, wait, or say why not."""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlencode

from pydantic import ValidationError

from fedpact.contracts.envelope import DomainError, Strict
from fedpact.portal.domain.errors import RefusedError
from fedpact.portal.entrypoints.pages.forms import Mistake, mistakes
from fedpact.portal.entrypoints.pages.login import own_place
from fedpact.portal.entrypoints.pages.page import Answer, Desk, Page, Redirect, View, Visit
from fedpact.portal.entrypoints.pages.trouble import is_forbidden
from fedpact.portal.entrypoints.writes import Outcome


class Afterwards(Strict):
    """Where to go when a command is settled."""

    next: str = "/"


def settled(outcome: Outcome, visit: Visit, place: str) -> Redirect:
    """Go to `place`; a `RefusedError` when the command was refused; a waiting page when nobody knows yet."""
    if outcome.settled is None:
        return Redirect(f"/commands/{visit.call.command_id}?{urlencode({'next': place})}")
    if not outcome.settled.accepted:
        raise RefusedError(outcome.settled.slug, outcome.settled.reason, outcome.settled.path)
    return Redirect(place)


async def filled_in(
    send: Callable[[], Awaitable[Answer]], shown: Callable[[Sequence[Mistake]], Awaitable[View]]
) -> Answer:
    """Where `send` leads, or the form `shown` again with what is not right yet: nobody types anything twice."""
    try:
        return await send()
    except (ValidationError, DomainError) as error:
        if is_forbidden(error):
            raise
        return await shown(mistakes(error))


async def command(desk: Desk, visit: Visit) -> Answer:
    """What became of a command one sent."""
    place = own_place(visit.asked(Afterwards).next)
    found = await desk.queries.command(visit.viewer, visit.path("command"))
    if found.status == "accepted":
        return Redirect(place)
    if found.status == "refused":
        raise RefusedError(found.slug, found.reason, found.path)
    return View(template="pending.html", context={"place": place, "command": found})


PAGES = (Page(path="/commands/{command}", handler=command, query=Afterwards),)
