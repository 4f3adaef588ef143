"""Every hub service with its own database user on a real store: its own database is its own, no other's is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import product
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure
from servers import free_port, missing

from fedpact.chassis.mongo import connect
from fedpact.infra import setup
from fedpact.infra.embedded import HUB_SERVICES, Machine, mongo
from fedpact.infra.federation import federation
from fedpact.infra.layout import Layout
from fedpact.infra.supervisor import Supervisor

LACKING = missing("secantusd-py")
pytestmark = [pytest.mark.skipif(LACKING is not None, reason=str(LACKING)), pytest.mark.timeout(120)]

UNAUTHORIZED = 13
FAILED_LOGIN = 18
Database = Any
Attempt = Callable[[Database], Awaitable[object]]
TAKEN: dict[str, Attempt] = {
    "find": lambda db: db["specs"].find_one({}),
    "count": lambda db: db["specs"].count_documents({}),
    "aggregate": lambda db: db.command("aggregate", "specs", pipeline=[], cursor={}),
    "insert": lambda db: db["specs"].insert_one({"_id": "mine"}),
    "update": lambda db: db["specs"].update_one({"_id": "theirs"}, {"$set": {"state": "mine"}}),
    "delete": lambda db: db["specs"].delete_many({}),
    "index": lambda db: db["specs"].create_index("state"),
    "list collections": lambda db: db.command("listCollections"),
    "drop collection": lambda db: db.drop_collection("specs"),
    "drop database": lambda db: db.command("dropDatabase"),
    "create user": lambda db: db.command(
        "createUser", "mallory", pwd="p", roles=[{"role": "readWrite", "db": db.name}]
    ),
}
"""What a service may not do in the database of another."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The store as `fedpact up` runs it, with something of each service in it."""
    folder = tmp_path_factory.mktemp("store")
    found = Machine(layout=Layout(folder), ports={"nats": free_port(), "mongo": free_port()}, models=folder)
    with asyncio.Runner() as runner:
        supervisor = runner.run(_started(found))
        try:
            yield found
        finally:
            runner.run(supervisor.stop())


async def _started(machine: Machine) -> Supervisor:
    setup.write_files(machine, federation(2))
    await setup.make_users(machine, print)
    supervisor = Supervisor([mongo(machine, auth=True)], print)
    await supervisor.start()
    for service in HUB_SERVICES:
        async with as_(machine, service) as client:
            await client[service]["specs"].insert_one({"_id": "theirs", "of": service})
    return supervisor


@asynccontextmanager
async def as_(machine: Machine, service: str) -> AsyncIterator["AsyncMongoClient[dict[str, Any]]"]:
    """Connected with the URL in the service's own file."""
    async with connect((machine.layout.secrets / f"{service}.mongo").read_text()) as client:
        yield client


@pytest.mark.parametrize("service", HUB_SERVICES)
async def test_a_service_does_with_its_own_database_what_it_needs(machine: Machine, service: str) -> None:
    async with as_(machine, service) as client:
        own = client[service]["things"]
        await own.create_index("due_at", sparse=True)
        await own.insert_one({"_id": "a", "version": 1})
        assert (await own.update_one({"_id": "a", "version": 1}, {"$set": {"version": 2}})).matched_count == 1
        assert await own.find_one({"_id": "a"}) == {"_id": "a", "version": 2}
        assert (await own.delete_many({})).deleted_count == 1


async def test_no_service_reaches_the_database_of_another(machine: Machine) -> None:
    refused = 0
    for service in HUB_SERVICES:
        async with as_(machine, service) as client:
            for other, (name, attempt) in product(set(HUB_SERVICES) - {service}, TAKEN.items()):
                with pytest.raises(OperationFailure) as failure:
                    await attempt(client[other])
                assert failure.value.code == UNAUTHORIZED, (service, other, name)
                refused += 1
    assert refused == len(HUB_SERVICES) * (len(HUB_SERVICES) - 1) * len(TAKEN) >= 400
    for service in HUB_SERVICES:
        async with as_(machine, service) as client:
            assert await client[service]["specs"].find({}).to_list() == [{"_id": "theirs", "of": service}]


@pytest.mark.parametrize("service", HUB_SERVICES)
async def test_no_service_sees_or_makes_what_is_not_its_own(machine: Machine, service: str) -> None:
    async with as_(machine, service) as client:
        with pytest.raises(OperationFailure) as failure:
            await client.list_database_names()
        assert failure.value.code == UNAUTHORIZED
        for database in ("admin", "mine"):
            with pytest.raises(OperationFailure) as failure:
                await client[database]["system.users"].insert_one({"_id": "mallory"})
            assert failure.value.code == UNAUTHORIZED
        for command in ("createUser", "grantRolesToUser", "updateUser"):
            roles = [{"role": "root", "db": "admin"}]
            given = {"pwd": "p", "roles": roles} if command != "grantRolesToUser" else {"roles": roles}
            with pytest.raises(OperationFailure) as failure:
                await client[service].command(command, service if command != "createUser" else "mallory", **given)
            assert failure.value.code == UNAUTHORIZED, command


async def test_nobody_without_a_password_gets_anything(machine: Machine) -> None:
    address = f"127.0.0.1:{machine.ports['mongo']}"
    for login, code in (("", UNAUTHORIZED), ("policy:wrong@", FAILED_LOGIN)):
        source = "?authSource=policy" if login else ""
        async with connect(f"mongodb://{login}{address}/{source}") as client:
            with pytest.raises(OperationFailure) as failure:
                await client["policy"]["specs"].find_one({})
            assert failure.value.code == code
