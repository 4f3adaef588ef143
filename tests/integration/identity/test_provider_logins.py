"""People and programs that a real OpenID provider vouches for, from the browser or the program to a token of ours."""

import asyncio
from base64 import urlsafe_b64encode
from contextlib import asynccontextmanager
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import aiohttp
import oidc_provider
import pytest
from identity_lab import CALLBACK, PORTAL, actor_of, running
from oidc_provider import Browser, LackingError
from servers import free_port

from fedpact.chassis.aggregates import Cause
from fedpact.chassis.clock import FakeClock, SystemClock
from fedpact.client.browser_login import BrowserLogin
from fedpact.client.clock import Clock
from fedpact.client.errors import NotLoggedInError
from fedpact.client.oauth import EXCHANGE, JWT, Issuer
from fedpact.contracts.envelope import Actor, Order
from fedpact.contracts.identity import ChangeUser, RegisterUser, Role
from fedpact.identity.settings import Provider
from fedpact.portal.adapters.issuer import HttpIssuer
from fedpact.portal.app.ports import LoginRequest

ADMIN = Actor(user="root", organization="clinic", roles=(Role.ADMIN,))
VERIFIER, STATE, OURS = "v" * 43, "a state & more", "urn:our:federation"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASKED = LoginRequest(redirect_uri=CALLBACK, state=STATE, challenge=CHALLENGE)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A provider, and the port it sends browsers back to."""
    folder, back = tmp_path_factory.mktemp("provider"), free_port()
    try:
        with oidc_provider.provider(folder, free_port(), f"http://127.0.0.1:{back}/login/callback") as server:
            yield f"http://127.0.0.1:{server.port}", back
    except LackingError as error:
        pytest.skip(str(error))


@asynccontextmanager
async def identity(site, folder, clock=None, **changed):
    """Identity, connected to the provider."""
    issuer, port = site
    secret = folder / "secret"
    secret.write_text(oidc_provider.SECRET + "\n")
    asked = {
        "issuer": issuer,
        "client_id": oidc_provider.CLIENT,
        "client_secret_file": secret,
        "scopes": ("openid", "profile", "email", "federation"),
        "audience": OURS,
        "organization_claim": "org",
        "organizations": {"The Clinic Ltd": "clinic"},
        "roles_claim": "groups",
        "roles": {"science": Role.DATA_SCIENTIST, "stewards": Role.DATA_STEWARD},
    }
    provider = Provider(**{**asked, **changed})
    async for lab in running(folder, dev_login=False, port=port, clock=clock or SystemClock(), provider=provider):
        yield lab


@pytest.fixture
async def lab(site, tmp_path):
    async with identity(site, tmp_path) as it:
        yield it


async def come_back(lab, who):
    """What the program is told after `who` went to the provider for it."""
    async with Browser(who) as browser:
        browser.stop_at = CALLBACK
        place, page = await browser.open(await HttpIssuer(lab.base, PORTAL).page(ASKED))
    assert place.startswith(CALLBACK), page
    told = {name: values[0] for name, values in parse_qs(urlsplit(place).query).items()}
    assert told.pop("state") == STATE
    return told


async def logged_in(lab, who):
    code = (await come_back(lab, who))["code"]
    return await lab.token(
        "authorization_code", code=code, client_id=PORTAL, redirect_uri=CALLBACK, code_verifier=VERIFIER
    )


async def program_token(lab, audience=OURS):
    """What the provider gives a program for itself."""
    form = {"grant_type": "client_credentials", "client_id": "pipeline", "client_secret": "of-the-pipeline"}
    form |= {"resource": audience} if audience else {}
    async with aiohttp.ClientSession() as http, http.post(f"{lab.provider.issuer}/token", data=form) as answer:
        return (await answer.json())["access_token"]


async def exchange(lab, token):
    return await lab.token(EXCHANGE, subject_token=token, subject_token_type=JWT)


async def register(lab, **user):
    command = RegisterUser(organization="clinic", name="Somebody", **user)
    order = Order(command=command, actor=ADMIN, now=lab.clock.now())
    await lab.handlers.register_user(order, Cause(now=order.now))


async def test_a_browser_logs_in_whom_an_owner_registered_and_the_provider_says_what_they_may(lab):
    issued = await logged_in(lab, "subject-ada")
    actor = await actor_of(lab, issued)
    assert (actor.user, actor.organization, actor.roles) == ("ada", "clinic", (Role.DATA_SCIENTIST,))
    assert (await lab.token("refresh_token", refresh_token=issued.body["refresh_token"])).status == 200


async def test_nobody_logs_in_by_name_where_a_provider_does(lab):
    assert (await lab.login()).error == "unsupported_grant_type"
    assert (await lab.post("/authorize", user="ada", decision="approve")).status == 403


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ("subject-bob", "does not say that it verified your e-mail address"),
        ("subject-new", "nobody registered `nina@clinic.example`: ask an owner"),
        ("subject-odd", "`Elsewhere` in `org` stand for no organization here"),
        ("subject-idle", "`chess` in `groups` stand for no role here"),
    ],
)
async def test_who_has_no_place_here_is_refused_and_told_why(lab, who, reason):
    told = await come_back(lab, who)
    assert told["error"] == "access_denied"
    assert reason in told["error_description"]


async def test_who_is_disabled_here_stays_out(lab):
    await logged_in(lab, "subject-ada")
    await lab.disable("ada")
    assert "`ada` is disabled: ask an owner of `clinic`" in (await come_back(lab, "subject-ada"))["error_description"]


async def test_people_are_registered_by_their_first_login_where_the_operator_wants_it(site, tmp_path):
    async with identity(site, tmp_path, unknown_users="register") as lab:
        actor = await actor_of(lab, await logged_in(lab, "subject-new"))
        again = await actor_of(lab, await logged_in(lab, "subject-new"))
    assert (actor.user, actor.roles, actor.email) == ("nina-new", (Role.DATA_STEWARD,), "nina@clinic.example")
    assert again == actor


async def test_a_missing_claim_is_named_with_what_is_there(site, tmp_path):
    async with identity(site, tmp_path, roles_claim="realm_access.roles") as lab:
        told = await come_back(lab, "subject-ada")
    assert "`realm_access.roles` is missing or empty (there are" in told["error_description"]
    assert "`groups`" in told["error_description"]


async def test_a_browser_that_never_left_brings_nothing(lab):
    answer = await lab.get("/login/callback?code=stolen&state=" + "s" * 43)
    assert (answer.status, "begun in another browser" in answer.text) == (400, True)


async def test_a_provider_that_is_away_is_told_as_that(site, tmp_path):
    async with identity(site, tmp_path, issuer=f"http://127.0.0.1:{free_port()}") as lab, Browser("x") as browser:
        _, page = await browser.open(await HttpIssuer(lab.base, PORTAL).page(ASKED))
    assert "does not answer: try again in a moment" in page


async def test_a_device_is_approved_by_whom_the_provider_names(lab):
    issuer = Issuer.at(lab.base, {}, Clock(), None)
    device = await asyncio.to_thread(issuer.device)
    async with Browser("subject-ada") as browser:
        _, page = await browser.open(device.verification_uri_complete)
        assert "Log in and approve" in page
        decided = {"user_code": device.user_code, "decision": "approve"}
        _, foreign = await browser.send(device.verification_uri, "http://evil.example", **decided)
        assert "has to come from a page of" in foreign
        assert (await lab.poll(device.model_dump())).error == "authorization_pending"
        _, approved = await browser.send(device.verification_uri, lab.base, **decided)
    assert "Approved as <strong>ada</strong>" in approved
    lab_answer = await lab.poll(device.model_dump())
    assert (await actor_of(lab, lab_answer)).user == "ada"


@asynccontextmanager
async def browser_login(lab, who):
    """A login of the command line whose browser is `who`'s; and what that browser ends at."""
    loop, ends = asyncio.get_running_loop(), []

    async def visit(url):
        async with Browser(who) as browser:
            return await browser.open(url)

    def show(url):
        ends.append(asyncio.run_coroutine_threadsafe(visit(url), loop))
        return True

    issuer = Issuer.at(lab.base, {}, Clock(), None)
    yield BrowserLogin(issuer=issuer, tell=lambda _: None, show=show, patience=20), ends
    await asyncio.wrap_future(ends[0])


async def test_the_command_line_logs_in_by_the_browser_of_its_machine(lab):
    async with browser_login(lab, "subject-ada") as (login, ends):
        tokens = await asyncio.to_thread(login.tokens)
        _, page = await asyncio.wrap_future(ends[0])
    assert "Logged in. You can close this page." in page
    assert tokens.refresh_token
    assert (await lab.get("/userinfo", Authorization=f"Bearer {tokens.access_token}")).body["sub"] == "ada"


async def test_the_command_line_says_why_nobody_logged_in(lab):
    async with browser_login(lab, "subject-idle") as (login, _):
        with pytest.raises(NotLoggedInError, match="stand for no role here"):
            await asyncio.to_thread(login.tokens)


async def test_a_program_exchanges_the_providers_token_for_ours(lab):
    await register(lab, user="pipeline", provider_subject="pipeline")
    issued = await exchange(lab, await program_token(lab))
    actor = await actor_of(lab, issued)
    assert (actor.user, actor.roles) == ("pipeline", (Role.DATA_SCIENTIST,))
    assert issued.body["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert "refresh_token" not in issued.body


async def test_a_program_nobody_registered_is_refused(lab):
    refused = await exchange(lab, await program_token(lab))
    assert refused.error == "access_denied"
    assert "register you with your subject" in refused.body["error_description"]


async def test_a_token_for_somebody_else_counts_for_nothing(lab):
    refused = await exchange(lab, await program_token(lab, audience=None))
    assert refused.error == "invalid_grant"
    assert "the token is for `urn:somebody:else`, not for `urn:our:federation`" in refused.body["error_description"]


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [(130, "the token expired "), (-70, "ahead of this machine's clock: set the clock")],
)
async def test_tokens_of_another_time_count_for_nothing(site, tmp_path, seconds, reason):
    clock = FakeClock(SystemClock().now())
    async with identity(site, tmp_path, clock=clock) as lab:
        await register(lab, user="pipeline", provider_subject="pipeline")
        token = await program_token(lab)
        assert (await exchange(lab, token)).status == 200
        clock.pass_(seconds)
        assert reason in (await exchange(lab, token)).body["error_description"]


async def test_new_keys_of_the_provider_are_noticed_and_not_asked_for_at_each_token(site, tmp_path):
    port, clock = free_port(), FakeClock(SystemClock().now())
    async with identity((f"http://127.0.0.1:{port}", site[1]), tmp_path, clock=clock) as lab:
        await register(lab, user="pipeline", provider_subject="pipeline")
        with oidc_provider.provider(tmp_path, port):
            first = await program_token(lab)
            assert (await exchange(lab, first)).status == 200
        assert (await exchange(lab, first)).status == 200  # what is known goes on to count
        with oidc_provider.provider(tmp_path, port):
            second = await program_token(lab)
            assert "which is not among" in (await exchange(lab, second)).body["error_description"]
            clock.pass_(60)
            assert (await exchange(lab, second)).status == 200


async def test_a_user_whose_login_is_given_to_somebody_else_is_that_person_from_then_on(lab):
    await logged_in(lab, "subject-ada")
    command = ChangeUser(user="ada", provider_subject="subject-idle")
    order = Order(command=command, actor=ADMIN, now=lab.clock.now())
    await lab.handlers.change_user(order, Cause(now=order.now))
    assert "nobody registered `ada@clinic.example`" in (await come_back(lab, "subject-ada"))["error_description"]
