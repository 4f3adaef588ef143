"""A service that ends while it still begins leaves no connection to its store open."""

import asyncio
import gc
import warnings

from fedpact.chassis.mongo import connect, disconnect

MOMENTS = 40


async def test_a_connection_that_is_cut_off_while_it_is_made_is_closed(mongo_port: int) -> None:
    for moment in range(MOMENTS):
        await cut_off(f"mongodb://127.0.0.1:{mongo_port}/", moment)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        gc.collect()
    assert [str(one.message) for one in told if issubclass(one.category, ResourceWarning)] == []


async def cut_off(url: str, moment: int) -> None:
    """So many rounds of the loop after it began."""
    client = connect(url)
    asking = asyncio.create_task(client["tests"]["counters"].find_one())
    for _ in range(moment):
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await disconnect(client)
