"""What surrounds the decisions of identity: handlers, bootstrap, keys, settings."""

import json
import os
import stat
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource
from pydantic_settings.sources.utils import parse_env_vars

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.envelope import Actor, Envelope, Order
from fedpact.contracts.identity import ChangeUser, RegisterOrganization, RegisterUser, Role, UserChanged
from fedpact.decision.actors import read_actor
from fedpact.identity.adapters import bootstrap_file
from fedpact.identity.adapters.bootstrap_file import BootstrapFileError
from fedpact.identity.adapters.chance import SystemChance
from fedpact.identity.adapters.key_ring import KeyFileError, KeyRing
from fedpact.identity.app import bootstrap, queries
from fedpact.identity.app.bootstrap import Bootstrap
from fedpact.identity.app.handlers import Handlers
from fedpact.identity.app.kinds import ORGANIZATIONS, USERS
from fedpact.identity.domain.errors import UnknownOrganizationError
from fedpact.identity.main import compose
from fedpact.identity.settings import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADMIN = Actor(user="root", organization="clinic", roles=(Role.ADMIN,))
HASH = "b" * 64
FOUNDING = Bootstrap(
    organizations=(RegisterOrganization(organization="clinic", name="Clinic"),),
    users=(RegisterUser(user="ada", organization="clinic", name="Ada", roles=(Role.OWNER,)),),
    service_accounts=(RegisterUser(user="robot", organization="clinic", name="Robot", secret_hash=HASH),),
)


class Signer:
    def public(self):
        return []


class Place:
    def __init__(self):
        self.organizations = Stored(MemoryDocuments(), ORGANIZATIONS)
        self.users = Stored(MemoryDocuments(), USERS)
        self.handlers = Handlers(organizations=self.organizations, users=self.users)

    async def found(self, wanted=FOUNDING):
        await bootstrap.apply(wanted, self.handlers, NOW)

    async def outbox(self):
        documents = [*await self.organizations.documents.every(), *await self.users.documents.every()]
        return [entry for document in documents for entry in document.outbox]


async def test_bootstrap_registers_and_publishes_what_the_file_names():
    place = Place()
    await place.found()
    assert [o.id for o in await place.organizations.every()] == ["clinic"]
    assert [(u.id, u.service_account) for u in await place.users.every()] == [("ada", False), ("robot", True)]
    assert len(await place.outbox()) == 3


async def test_a_secret_hash_is_in_no_message():
    place = Place()
    await place.found()
    assert HASH not in json.dumps(await place.outbox())


async def test_what_is_published_is_read_as_the_contract_says():
    place = Place()
    await place.found()
    said = [UserChanged.model_validate_json(e["body"]) for e in await place.outbox() if ".user." in e["subject"]]
    assert [(fact.user, fact.service_account) for fact in said] == [("ada", False), ("robot", True)]
    assert all(entry["headers"]["ce-type"].startswith("identity.") for entry in await place.outbox())


async def test_a_restart_changes_nothing_even_what_was_changed_since():
    place = Place()
    await place.found()
    command = ChangeUser(user="ada", roles=(Role.DATA_STEWARD,))
    order = Order(command=command, actor=ADMIN, now=NOW)
    await place.handlers.change_user(order, Cause(now=NOW))
    before = await place.outbox()
    await place.found()
    assert await place.outbox() == before
    assert (await place.users.get("ada")).roles == (Role.DATA_STEWARD,)


async def test_bootstrap_adds_what_the_file_gained():
    place = Place()
    await place.found()
    await place.found(Bootstrap(users=(RegisterUser(user="bob", organization="clinic", name="Bob"),)))
    assert [u.id for u in await place.users.every()] == ["ada", "bob", "robot"]


async def test_bootstrap_refuses_a_user_of_no_organization():
    with pytest.raises(UnknownOrganizationError):
        await Place().found(Bootstrap(users=(RegisterUser(user="bob", organization="lab", name="Bob"),)))


async def test_a_registered_user_reaches_the_outbox_with_the_cause():
    place = Place()
    await place.found()
    command = RegisterUser(user="bob", organization="clinic", name="Bob")
    envelope = Envelope(source="fedpact/portal", type=command.type, subject="bob", time=NOW, route="portal")
    await place.handlers.register_user(Order(command=command, actor=ADMIN, now=NOW), Cause(now=NOW, envelope=envelope))
    [entry] = [e for e in await place.outbox() if e["headers"]["ce-subject"] == "bob"]
    assert entry["headers"]["ce-causationid"] == envelope.id
    assert entry["subject"] == "fedpact.evt.main.identity.user.changed.portal"


async def test_services_are_told_whose_tokens_ended_as_long_as_any_can_exist():
    place, signer = Place(), Signer()
    await place.found()
    for hours, command in ((0, ChangeUser(user="ada", roles=())), (2, ChangeUser(user="robot", disabled=True))):
        order = Order(command=command, actor=ADMIN, now=NOW + timedelta(hours=hours))
        await place.handlers.change_user(order, Cause(now=order.now))
    ends = {"ada": int(NOW.timestamp()), "robot": int(NOW.timestamp()) + 7201}
    for since, told in (
        (NOW, ends),
        (NOW + timedelta(hours=1), {"robot": ends["robot"]}),
        (NOW + timedelta(days=1), {}),
    ):
        assert (await queries.keys(signer, place.users, since)).ended == told
    assert json.loads(queries.jwks(signer)) == {"keys": []}


def test_a_faulty_bootstrap_file_is_refused_with_the_place(tmp_path):
    file = tmp_path / "bootstrap.json"
    file.write_text('{"users": [{"user": "Ada", "organization": "clinic", "name": "Ada"}]}')
    with pytest.raises(BootstrapFileError, match=r"users\.0\.user"):
        bootstrap_file.read(file)
    with pytest.raises(BootstrapFileError, match="cannot be read"):
        bootstrap_file.read(tmp_path / "none.json")
    assert bootstrap_file.read(None) == Bootstrap()


def ring(file):
    return KeyRing.at(file, issuer="fedpact", audience="fedpact")


def claims(user="ada"):
    at = int(NOW.timestamp())
    return {"iss": "fedpact", "aud": "fedpact", "sub": user, "org": "clinic", "iat": at, "exp": at + 60, "jti": "1"}


def test_the_first_start_makes_a_key_only_its_owner_reads(tmp_path):
    file = tmp_path / "keys" / "signing.pem"
    ring(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["signing.pem"]


def test_the_next_start_uses_the_same_key(tmp_path):
    file = tmp_path / "signing.pem"
    assert ring(file).public() == ring(file).public()


def test_a_key_others_can_read_is_refused(tmp_path):
    file = tmp_path / "signing.pem"
    ring(file)
    file.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        ring(file)


def test_after_a_rotation_the_newest_signs_and_all_verify(tmp_path):
    file, newer = tmp_path / "signing.pem", tmp_path / "signing-2.pem"
    old = ring(file)
    ring(newer)
    os.utime(file, (1, 1))
    rotated = ring(file)
    assert [key["kid"] for key in rotated.public()] == [old.public()[0]["kid"], ring(newer).public()[0]["kid"]]
    for token in (old.sign(claims()), rotated.sign(claims())):
        assert read_actor(token, {"keys": rotated.public()}, NOW).user == "ada"
        assert rotated.subject(token, NOW) == "ada"
    assert read_actor(rotated.sign(claims()), {"keys": ring(newer).public()}, NOW).user == "ada"


def test_another_services_key_in_the_same_folder_does_not_count(tmp_path):
    ring(tmp_path / "policy.pem")
    assert len(ring(tmp_path / "identity.pem").public()) == 1


def test_a_key_is_named_by_its_rfc_7638_thumbprint(tmp_path):
    [key] = ring(tmp_path / "signing.pem").public()
    assert len(key["kid"]) == 43
    assert "d" not in key


def test_chance_does_not_repeat_itself_and_needs_no_escaping():
    drawn = {SystemChance().secret() for _ in range(100)}
    assert len(drawn) == 100
    assert not set("".join(drawn)) & set(". %+/=")
    code = SystemChance().user_code()
    assert len(code) == 9
    assert code[4] == "-"


@pytest.mark.parametrize(
    ("host", "fine"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)]
)
def test_a_login_without_passwords_stays_on_this_machine(tmp_path, host, fine):
    given = {"mongo_url_file": tmp_path, "key_file": tmp_path, "dev_login": True, "host": host}
    if fine:
        assert Settings(**given).dev_login
    else:
        with pytest.raises(ValidationError, match="needs a host such as"):
            Settings(**given)


def test_a_login_without_passwords_is_off_unless_asked_for(tmp_path):
    assert not Settings(mongo_url_file=tmp_path, key_file=tmp_path).dev_login


PROVIDER = {"issuer": "https://login.example", "client_id": "fedpact"}


@pytest.mark.parametrize(
    ("provider", "different", "told"),
    [
        ({"issuer": "http://login.example"}, {}, "has to be https"),
        ({"scopes": ("email",)}, {}, "need `openid`"),
        ({"roles_claim": "groups"}, {}, "give both or neither"),
        ({"roles": {"x": "owner"}}, {}, "give both or neither"),
        ({"unknown_users": "register"}, {}, "give `organization_claim`"),
        ({"organization": "clinic", "organization_claim": "org"}, {}, "leave one out"),
        ({"roles": {"x": "king"}, "roles_claim": "groups"}, {}, "data_scientist"),
        ({}, {"dev_login": True}, "it is off where a provider logs people in"),
        ({}, {"public_url": None}, "`public_url`, so it needs to be set"),
        ({}, {"public_url": "http://hub.example"}, "`public_url` has to be https"),
    ],
)
def test_a_login_by_a_provider_that_cannot_be_safe_is_refused_at_the_start(tmp_path, provider, different, told):
    given = {"mongo_url_file": tmp_path, "key_file": tmp_path, "public_url": "https://hub.example"}
    assert Settings(**given, provider=PROVIDER).provider
    with pytest.raises(ValidationError, match=told):
        Settings(**given | different, provider=PROVIDER | provider)


def test_a_provider_is_told_as_json_and_one_by_one(tmp_path):
    environ = {
        "FEDPACT_IDENTITY_PROVIDER": '{"issuer": "https://a.example", "client_id": "fedpact"}',
        "FEDPACT_IDENTITY_PROVIDER__ISSUER": "https://b.example",
    }
    source = EnvSettingsSource(Settings, env_prefix="FEDPACT_IDENTITY_", env_nested_delimiter="__")
    source.env_vars = parse_env_vars(environ)
    found = Settings(mongo_url_file=tmp_path, key_file=tmp_path, public_url="https://c.example", **source())
    assert (found.provider.issuer, found.provider.client_id) == ("https://b.example", "fedpact")


@pytest.mark.parametrize(("provider", "there"), [(PROVIDER, True), (None, False)])
async def test_browsers_come_back_from_a_provider_where_one_is_connected(tmp_path, provider, there):
    url = tmp_path / "url"
    url.write_text("mongodb://127.0.0.1:1/")
    given = {"mongo_url_file": url, "key_file": tmp_path / "signing.pem", "public_url": "https://hub.example"}
    service = compose(Settings(**given, provider=provider))
    try:
        paths = {resource.canonical for resource in service.app.router.resources()}
    finally:
        for close in service.close:
            await close()
    assert ("/login/callback" in paths) is there
