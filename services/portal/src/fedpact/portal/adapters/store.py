"""
Dropping what the streams can tell again.

The replay itself is the administrator's: durables are made and remade by whoever applies the topology of the bus, and a
portal may make none. So a rebuild is: stop the portal, drop here, have its durables recreated to deliver
everything, start the portal. What no stream remembers (who sent a command, metrics) is kept.
"""

from collections.abc import Sequence

from fedpact.chassis.mongo import connect


async def drop(url: str, database: str, collections: Sequence[str]) -> None:
    """Forget these collections of the portal's own database."""
    client = connect(url)
    try:
        for collection in collections:
            await client[database].drop_collection(collection)
    finally:
        await client.close()
