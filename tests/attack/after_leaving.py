"""Somebody who was disabled a moment ago, with a token that says otherwise for a quarter of an hour."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
from attempts import Attempt, Target
from on_the_doors import Door

from fedpact.contracts.api import NewUser, UserChange
from fedpact.contracts.identity import Role

ROW = "rights that were taken since"
SECONDS = 30.0
"""Services hear of it within 15; a machine that is busy gets as much again."""


async def attack(target: Target) -> AsyncIterator[Attempt]:
    leaver = NewUser(user="leaver", organization="northlab", name="Leaver", roles=(Role.DATA_SCIENTIST,))
    specs = f"{target.world.portal}/v1/specs"
    with target.world.user("root") as root:
        root.users.register(leaver)
        token = target.token("leaver")
        async with aiohttp.ClientSession() as http:
            door = Door(http)
            await door.must(200, "GET", specs, token)
            root.users.change("leaver", UserChange(disabled=True))
            met, seconds = await _until_refused(door, specs, token)
    told = f"HTTP {met} after {seconds:.0f} s"
    yield Attempt(row=ROW, who="somebody disabled", what="go on with a token", met=told, refused=met == 401)


async def _until_refused(door: Door, url: str, token: str) -> tuple[int, float]:
    began = time.monotonic()
    while True:
        met, seconds = await door.status("GET", url, token), time.monotonic() - began
        if met != 200 or seconds > SECONDS:
            return met, seconds
        await asyncio.sleep(0.5)
