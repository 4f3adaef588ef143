"""
The doors that speak HTTP: portal, identity, results, and a site's data.

What is tried is first done as it should be, by somebody who may: else a refusal would show nothing.
"""

import json
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from html import unescape
from typing import Any

import aiohttp
from attempts import Attempt, Target
from yarl import URL

from fedpact.decision import keys, tokens
from fedpact.decision.actors import AUDIENCE, ISSUER
from fedpact.identity.adapters.key_ring import thumbprint

ANOTHER = "another's identity"
RIGHTS = "an actor's rights"
OTHERS = "payloads and results of others"
TERMS = "terms: an invented"
DATA = "the DAL"
FORMS = "acting for a person, by a form"
Json = Mapping[str, Any]


async def attack(target: Target) -> AsyncIterator[Attempt]:
    async with aiohttp.ClientSession() as http:
        door = Door(http)
        for part in (_bad_tokens, _without_the_role, _forms, _identity, _results, _data):
            async for attempt in part(target, door):
                yield attempt
        async for attempt in _nothing_changed(target):
            yield attempt


class Door:
    """One request, as it is written: no part of the path is tidied up."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def status(self, method: str, url: str, token: str = "", **given: Any) -> int:
        headers = {**given.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        sent = self._http.request(method, URL(url, encoded=True), headers=headers, allow_redirects=False, **given)
        async with sent as answer:
            await answer.read()
            return answer.status

    async def must(self, status: int, method: str, url: str, token: str = "", **given: Any) -> None:
        """That this works shows that the next refusals mean something."""
        met = await self.status(method, url, token, **given)
        if met != status:
            raise AssertionError(f"{method} {url} should be answered {status}, and is {met}: nothing can be shown here")

    async def tried(
        self, row: str, who: str, what: str, method: str, url: str, token: str = "", **given: Any
    ) -> Attempt:
        status = await self.status(method, url, token, **given)
        return Attempt(row=row, who=who, what=what, met=f"HTTP {status}", refused=400 <= status < 500)


def _claims(**changed: object) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "root",
        "org": "hub",
        "roles": ["admin"],
        "iat": now,
        "exp": now + 900,
    }
    return claims | changed


def _unsigned(claims: Json) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT', 'kid': 'x'})}.{_part(claims)}."


def _part(value: Json) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def _bad_tokens(target: Target, door: Door) -> AsyncIterator[Attempt]:
    """Even identity's own key signs nothing that counts, when it is for others or for another time."""
    users = f"{target.world.portal}/v1/users"
    mine, dal = keys.generate(), keys.from_pem(_dal_key(target, "gateway-1"))
    real = keys.from_pem((target.layout.hub / "identity" / "tokens.pem").read_bytes())
    kid, past = thumbprint(real), int(time.time()) - 1000
    head, body, signature = target.token("ada").split(".")
    await door.must(200, "GET", users, tokens.mint(_claims(), real, kid))
    for what, token in (
        ("no token", ""),
        ("a token it signed itself", tokens.mint(_claims(), mine)),
        ("a token it signed itself, under identity's name", tokens.mint(_claims(), mine, kid)),
        ("a token without a signature", _unsigned(_claims())),
        ("a token signed with a gateway's key", tokens.mint(_claims(), dal)),
        ("a scientist's token, rewritten for the admin", f"{head}.{_part(_claims())}.{signature}"),
        ("a scientist's token, cut short", f"{head}.{body}."),
        ("the admin's token of yesterday", tokens.mint(_claims(iat=past - 900, exp=past), real, kid)),
        ("the admin's token for somebody else", tokens.mint(_claims(aud="dal:gateway-1"), real, kid)),
        ("the admin's token of another issuer", tokens.mint(_claims(iss="elsewhere"), real, kid)),
    ):
        yield await door.tried(ANOTHER, "nobody", f"list users with {what}", "GET", users, token)


async def _without_the_role(target: Target, door: Door) -> AsyncIterator[Attempt]:
    api, ada = f"{target.world.portal}/v1", target.token("ada")
    near, far = target.token("lakeside-steward"), target.token("hillcrest-steward")
    await door.must(200, "GET", f"{api}/specs/{target.prey}", ada)
    eve = {"user": "eve", "organization": "lakeside", "name": "E", "roles": ["owner"]}
    for row, who, what, method, path, token, body in (
        (RIGHTS, "ada", "make herself an admin", "PATCH", "users/ada", ada, {"roles": ["admin"]}),
        (
            RIGHTS,
            "ada",
            "register an organization",
            "POST",
            "organizations",
            ada,
            {"organization": "mine", "name": "M"},
        ),
        (RIGHTS, "ada", "register an owner of a hospital", "POST", "users", ada, eve),
        (RIGHTS, "ada", "disable the admin", "PATCH", "users/root", ada, {"disabled": True}),
        (RIGHTS, "ada", "register a gateway", "POST", "gateways", ada, {"gateway": "g-9", "organization": "northlab"}),
        (TERMS, "ada", "publish a policy of a hospital", "POST", "policies", ada, {"document": {}, "signatures": []}),
        (TERMS, "a steward", "end the own owner's policy", "DELETE", "policies/lakeside-breast-cancer", near, None),
        (TERMS, "a steward", "end another hospital's policy", "DELETE", "policies/lakeside-breast-cancer", far, None),
        (OTHERS, "a steward", "read a spec on others' data", "GET", f"specs/{target.prey}", far, None),
        (OTHERS, "a steward", "activate a spec of others", "POST", f"specs/{target.prey}/activate", far, {}),
        (OTHERS, "ada", "climb out of the artifacts", "GET", "artifacts/..%2f..%2fsecrets/content", ada, None),
    ):
        yield await door.tried(
            row, who, what, method, f"{api}/{path}", token, **({} if body is None else {"json": body})
        )


async def _forms(target: Target, _: Door) -> AsyncIterator[Attempt]:
    """The admin is logged in, and another page sends forms in their browser."""
    site, eve = target.world.portal, {"user": "eve", "organization": "lakeside", "name": "E", "role": "owner"}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        browser = Door(http)
        await _log_in(http, site, "root")
        await browser.must(200, "GET", f"{site}/new/user")
        for what, given in (
            ("send the browser's form from another site", {"headers": {"Origin": "http://evil.example"}, "data": eve}),
            ("send the browser's form without its mark", {"data": eve}),
            ("send the browser's form with a guessed mark", {"data": eve | {"csrf": "x" * 43}}),
            ("use the browser's cookie at the API", {"json": eve, "headers": {"Origin": "http://evil.example"}}),
        ):
            place = f"{site}/v1/users" if "API" in what else f"{site}/new/user"
            yield await browser.tried(FORMS, "another page", what, "POST", place, **given)


async def _log_in(http: aiohttp.ClientSession, site: str, user: str) -> None:
    async with http.get(f"{site}/login/start") as asked:
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', await asked.text())
        place = str(asked.url.with_query(None))
    form = {name: unescape(value) for name, value in hidden} | {"user": user, "decision": "approve"}
    async with http.post(place, data=form) as answer:
        assert str(answer.url).startswith(site), "nobody was logged in"


async def _identity(target: Target, door: Door) -> AsyncIterator[Attempt]:
    url = f"{target.url('identity')}/token"
    by_name = {"grant_type": "urn:fedpact:dev-user", "user": "root", "client_id": "fedpact-cli"}
    foreign = {"headers": {"Host": "hub.example.org", "Origin": "http://evil.example"}}
    for row, what, given in (
        ("logins of the embedded mode", "log in by name from another site's page", {"data": by_name, **foreign}),
        (ANOTHER, "guess a refresh token", {"data": {"grant_type": "refresh_token", "refresh_token": "a.b"}}),
        (ANOTHER, "guess a service account's secret", {"data": {"grant_type": "client_credentials", "client_id": "root", "client_secret": "x"}}),
        ("a login that was begun elsewhere", "redeem a code of its own making", {"data": {"grant_type": "authorization_code", "code": "x", "client_id": "fedpact-portal", "redirect_uri": f"{target.world.portal}/login/callback", "code_verifier": "v" * 43}}),
        (ANOTHER, "guess a device code", {"data": {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x", "client_id": "fedpact-cli"}}),
    ):  # fmt: skip
        yield await door.tried(row, "nobody", what, "POST", url, **given)
    away = f"{target.url('identity')}/authorize?response_type=code&client_id=fedpact-portal&state=s&code_challenge={'c' * 43}&code_challenge_method=S256&redirect_uri="
    place = "http%3A%2F%2Fevil.example%2Flogin%2Fcallback"
    yield await door.tried(
        "a login that was begun elsewhere", "nobody", "have a code sent elsewhere", "GET", away + place
    )


async def _results(target: Target, door: Door) -> AsyncIterator[Attempt]:
    jobs, ada = target.url("jobs"), target.token("ada")
    for who, what, method, path, token, given in (
        ("nobody", "read a result without a ticket", "GET", "/objects/sha256:" + "0" * 64, "", {}),
        ("ada", "read a result with a token instead of a ticket", "GET", "/objects/sha256:" + "0" * 64, ada, {}),
        ("nobody", "store a result without a ticket", "PUT", "/uploads/j-1/model.json", "", {"data": b"x"}),
        ("nobody", "store a result outside of its folder", "PUT", "/uploads/j-1/..%2f..%2f..%2fevil", "guess", {"data": b"x"}),
    ):  # fmt: skip
        yield await door.tried(OTHERS, who, what, method, jobs + path, token, **given)


async def _data(target: Target, door: Door) -> AsyncIterator[Attempt]:
    """At a hospital's data, with the keys of another one's gateway and with tokens that are none."""
    dal, dataset = target.url("dal-gateway-2"), target.datasets[1]
    own, other = keys.from_pem(_dal_key(target, "gateway-2")), keys.from_pem(_dal_key(target, "gateway-1"))
    now = int(time.time())
    claims = {"iss": "gateway-agent:gateway-2", "aud": "dal:gateway-2", "sub": "s-attack-1-gateway-2-1", "jti": "a"}
    claims |= {"datasets": {dataset: [""]}, "iat": now, "nbf": now, "exp": now + 600}
    file = f"{dal}/datasets/{dataset}/table.csv"
    for who, what, token in (
        ("nobody", "read a table without a token", ""),
        ("a scientist", "read a table with a login", target.token("ada")),
        ("a stranger", "read a table with a token it signed itself", tokens.mint(claims, keys.generate())),
        ("gateway-1", "read another hospital's table with its own key", tokens.mint(claims, other)),
        ("gateway-1", "read it with a token for its own data", tokens.mint(claims | {"iss": "gateway-agent:gateway-1", "aud": "dal:gateway-1"}, other)),
        ("a client", "read with a token that has expired", tokens.mint(claims | {"exp": now - 60, "iat": now - 600, "nbf": now - 600}, own)),
        ("a client", "read for an activation that there is not", tokens.mint(claims, own)),
        ("a client", "read with a token for the hub", tokens.mint(claims | {"aud": AUDIENCE}, own)),
    ):  # fmt: skip
        yield await door.tried(DATA, who, what, "GET", file, token)


async def _nothing_changed(target: Target) -> AsyncIterator[Attempt]:
    with target.world.user("root") as root:
        ada, users = root.users.get("ada"), {user.user for user in root.users.list().items}
        organizations = {one.organization for one in root.organizations.list().items}
    fine = ada.roles == ("data_scientist",) and "eve" not in users and "mine" not in organizations
    yield Attempt(row=RIGHTS, who="all of them", what="leave a trace", met="users are as before", refused=fine)


def _dal_key(target: Target, gateway: str) -> bytes:
    return (target.layout.site(gateway) / "agent" / "dal-tokens.pem").read_bytes()
