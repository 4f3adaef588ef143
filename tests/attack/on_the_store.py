"""A hub service's database user, and the databases of the others."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from attempts import Attempt, Target
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from fedpact.chassis.mongo import connect

STATE = "others' state"
Client = AsyncMongoClient[dict[str, Any]]
TRIED: tuple[tuple[str, str, Callable[[Client], Awaitable[object]]], ...] = (
    ("portal", "read identity's users", lambda c: c["identity"]["users"].find_one({})),
    ("portal", "make itself a user of identity", lambda c: c["identity"]["users"].insert_one({"_id": "mallory"})),
    ("portal", "count policies", lambda c: c["policy"]["policies"].count_documents({})),
    ("scheduler", "change a spec", lambda c: c["spec_lifecycle"]["specs"].update_many({}, {"$set": {"state": {}}})),
    ("jobs", "delete policies", lambda c: c["policy"]["policies"].delete_many({})),
    ("jobs", "drop a database", lambda c: c["registry"].command("dropDatabase")),
    ("registry", "list databases", lambda c: c.list_database_names()),
    ("registry", "list another's collections", lambda c: c["jobs"].command("listCollections")),
    ("policy", "make a database user", lambda c: c["policy"].command("createUser", "mallory", pwd="p", roles=["root"])),
    ("policy", "read all users and passwords", lambda c: c["admin"]["system.users"].find_one({})),
)


async def attack(target: Target) -> AsyncIterator[Attempt]:
    for who, what, attempt in TRIED:
        url = (target.layout.secrets / f"{who}.mongo").read_text()
        yield await _tried(url, who, what, attempt)
    bare = f"mongodb://127.0.0.1:{target.ports['mongo']}/"
    wrong = f"mongodb://identity:wrong@127.0.0.1:{target.ports['mongo']}/?authSource=identity"
    for what, url in (("read without a password", bare), ("read with a wrong password", wrong)):
        yield await _tried(url, "nobody", what, lambda c: c["identity"]["users"].find_one({}))


async def _tried(url: str, who: str, what: str, attempt: Callable[[Client], Awaitable[object]]) -> Attempt:
    async with connect(url) as client:
        try:
            await attempt(client)
        except OperationFailure as error:
            met, refused = f"error {error.code}", error.code in {13, 18}
        else:
            met, refused = "done", False
    return Attempt(row=STATE, who=who, what=what, met=met, refused=refused)
