"""A gateway's place on the bus over HTTP: who may give and take it, and who sees how it stands."""

import pytest
from portal_memory import Client, Stage
from portal_values import NOON, enrolled, gateway, invited, shut_out

from fedpact.contracts.access import GatewayExpiring, InviteGateway, RevokeGateway

TOKEN = {"token_hash": "a" * 64}


@pytest.fixture(autouse=True)
async def known(there: Stage) -> None:
    await there.tell(gateway())


async def test_an_admin_invites_with_the_hash_of_a_token(client: Client, there: Stage) -> None:
    answer = await client.post("/v1/gateways/gateway-1/invite", TOKEN, "root")
    assert (answer.status, answer.body["access"]["status"]) == (200, "invited")
    command, _, _ = there.owners.seen[-1]
    assert command == InviteGateway(gateway="gateway-1", token_hash="a" * 64, hours=24)


@pytest.mark.parametrize("sent", [{}, {"token_hash": "secret"}, TOKEN | {"hours": 169}, TOKEN | {"token": "x"}])
async def test_what_is_no_invitation_is_no_command(client: Client, there: Stage, sent: dict[str, object]) -> None:
    assert (await client.post("/v1/gateways/gateway-1/invite", sent, "root")).status == 422
    assert there.owners.seen == []


@pytest.mark.parametrize("who", ["ada", "lea"])
async def test_nobody_gives_or_takes_what_they_may_not_see(client: Client, there: Stage, who: str) -> None:
    for verb, sent in (("invite", TOKEN), ("revoke", None)):
        assert (await client.post(f"/v1/gateways/gateway-1/{verb}", sent, who)).status in {403, 404}
    assert there.owners.seen == []


async def test_an_owner_takes_the_place_of_its_own_gateway(client: Client, there: Stage) -> None:
    answer = await client.post("/v1/gateways/gateway-1/revoke", None, "olga")
    assert (answer.status, answer.body["access"]) == (
        200,
        {"status": "revoked", "invited_until": None, "expires_at": None},
    )
    assert there.owners.seen[-1][0] == RevokeGateway(gateway="gateway-1")


async def test_a_gateway_shows_how_it_stands(client: Client, there: Stage) -> None:
    async def access() -> object:
        return (await client.get("/v1/gateways/gateway-1", "olga")).body["access"]

    assert await access() is None
    for fact, status in (
        (invited(), "invited"),
        (enrolled(), "enrolled"),
        (invited(), "enrolled"),
        (shut_out(), "revoked"),
    ):
        await there.tell(fact)
        told = await access()
        assert isinstance(told, dict)
        assert told["status"] == status


async def test_its_organization_and_admins_are_told_what_happens(client: Client, there: Stage) -> None:
    ending = GatewayExpiring(gateway="gateway-1", organization="lake", expires_at=NOON, days=3)
    await there.tell(invited(), enrolled(), ending)
    lines = [entry.text for entry in await there.model.entries.every()]
    assert "gateway gateway-1 invited by root" in lines
    assert "gateway gateway-1 loses its place on the bus in 3 days: see that its agent runs" in lines
