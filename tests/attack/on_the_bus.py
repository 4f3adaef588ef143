"""A key of the bus, and everything on it that is not its holder's."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import nkeys
from attempts import Attempt, Target
from federated_bus import FederatedBus, connect
from nats.errors import Error

from fedpact.infra.embedded import Machine

DIRECTIVES = "others' directives and grants"
OBSERVED = "others' observations"
STREAMS = "the hub's streams"
FACTS = "other contexts' facts"
COMMANDS = "facts it did not cause"
OUTCOMES = "others' outcomes"
BUS = "the bus"
PULL = b'{"batch": 1, "no_wait": true}'

SAID = (
    (OBSERVED, "gateway-1", "speak for another gateway", "fedpact.evt.main.workloads.participant.gone.gateway-2"),
    (OBSERVED, "gateway-1", "speak for the orchestrator", "fedpact.evt.main.workloads.server.ready.orchestrator"),
    (OBSERVED, "gateway-1", "tell another's metrics", "fedpact.tel.main.metrics.gateway-2"),
    (FACTS, "gateway-1", "invent a grant", "fedpact.evt.main.policy.grants.issued.gateway-1"),
    (FACTS, "scheduler", "invent a grant", "fedpact.evt.main.policy.grants.issued.hub"),
    (FACTS, "portal", "invent a user", "fedpact.evt.main.identity.user.changed.hub"),
    (FACTS, "jobs", "end an activation", "fedpact.evt.main.specs.activation.ended.hub"),
    (DIRECTIVES, "gateway-1", "want something of another gateway", "fedpact.dir.main.gateway-2.s-attack.gateway-2-1"),
    (DIRECTIVES, "portal", "want something of a gateway", "fedpact.dir.main.gateway-1.s-attack.gateway-1-1"),
    (COMMANDS, "gateway-1", "send a command", "fedpact.cmd.main.specs.activate.gateway-1"),
    (COMMANDS, "spec_lifecycle", "send a command as the portal", "fedpact.cmd.main.jobs.cancel.portal"),
    (OUTCOMES, "gateway-1", "ask for a ticket to others' results", "fedpact.qry.jobs.download"),
    (OUTCOMES, "gateway-1", "put something into another's inbox", "_INBOX_portal.aaaa.bbbb"),
    (STREAMS, "gateway-1", "purge a stream", "$JS.API.STREAM.PURGE.policy"),
    (STREAMS, "gateway-1", "purge a stream of the hub's domain", "$JS.hub.API.STREAM.PURGE.policy"),
    (STREAMS, "portal", "delete a stream", "$JS.hub.API.STREAM.DELETE.policy"),
    (STREAMS, "scheduler", "list streams", "$JS.hub.API.STREAM.NAMES"),
    (STREAMS, "gateway-1", "read a message out of a stream", "$JS.hub.API.STREAM.MSG.GET.policy"),
    (STREAMS, "portal", "erase a message", "$JS.hub.API.STREAM.MSG.DELETE.identity"),
    (STREAMS, "portal", "make a reader of its own", "$JS.hub.API.CONSUMER.CREATE.policy.mine"),
    (STREAMS, "scheduler", "delete another's reader", "$JS.hub.API.CONSUMER.DELETE.policy.spec_lifecycle"),
    (STREAMS, "jobs", "acknowledge for another", "$JS.ACK.policy.spec_lifecycle.1.1.1.1.0"),
    (STREAMS, "gateway-1", "make a key-value bucket", "$JS.hub.API.STREAM.CREATE.KV_mine"),
    (STREAMS, "gateway-1", "write into a key-value bucket", "$KV.mine.key"),
    (STREAMS, "jobs", "make an object store", "$JS.hub.API.STREAM.CREATE.OBJ_mine"),
    (STREAMS, "jobs", "write into an object store", "$O.mine.C.aaaa"),
    (
        DIRECTIVES,
        "gateway-1",
        "read another gateway's directives",
        "$JS.hub.API.CONSUMER.MSG.NEXT.directives.gw-gateway-2",
    ),
    (
        DIRECTIVES,
        "gateway-1",
        "widen its own reader",
        "$JS.hub.API.CONSUMER.CREATE.directives.gw-gateway-1.fedpact.dir.>",
    ),
    (BUS, "portal", "ask the server about itself", "$SYS.REQ.SERVER.PING"),
)
HEARD = (
    (OUTCOMES, "gateway-1", "hear everything", ">"),
    (FACTS, "gateway-1", "hear all facts", "fedpact.evt.>"),
    (FACTS, "jobs", "hear policies", "fedpact.evt.main.policy.>"),
    (DIRECTIVES, "gateway-2", "hear another gateway's directives", "fedpact.dir.main.gateway-1.>"),
    (OUTCOMES, "gateway-1", "hear another's inbox", "_INBOX_gateway-2.>"),
    (OUTCOMES, "scheduler", "hear another's inbox", "_INBOX_portal.>"),
    ("a person's token", "scheduler", "hear commands with their tokens", "fedpact.cmd.>"),
    ("everybody's identity", "scheduler", "answer for identity which keys count", "fedpact.qry.identity.keys"),
    (STREAMS, "portal", "hear what administrators ask", "$JS.API.>"),
)
DIVERTED = (
    (STREAMS, "portal", "$JS.hub.API.CONSUMER.INFO.jobs.portal", "$JS.hub.API.STREAM.DELETE.policy"),
    (STREAMS, "gateway-1", "$JS.hub.API.CONSUMER.INFO.directives.gw-gateway-1", "$JS.hub.API.STREAM.PURGE.policy"),
    (
        DIRECTIVES,
        "gateway-1",
        "$JS.hub.API.CONSUMER.INFO.directives.gw-gateway-1",
        "fedpact.dir.main.gateway-2.s-attack.x",
    ),
)
"""An allowed question whose answer is to do harm where its asker may not speak."""


async def attack(target: Target) -> AsyncIterator[Attempt]:
    """Say, hear, divert; then see that nothing is different."""
    bus = FederatedBus(Machine(layout=target.layout, ports=target.ports, models=Path()))
    before = await _streams(bus)
    for row, who, what, subject in SAID:
        async with bus.as_(who) as member:
            told = await member.publish(subject, reply=f"_INBOX_{who}.x.y")
        yield _by_the_server(row, who, what, told)
    for row, who, what, subject in HEARD:
        async with bus.as_(who) as member:
            told = await member.subscribe(subject)
        yield _by_the_server(row, who, what, told)
    for row, who, asked, harm in DIVERTED:
        async with bus.as_(who) as member:
            await member.publish(asked, PULL, reply=harm)
        unharmed = await _streams(bus) == before
        yield Attempt(row=row, who=who, what=f"have an answer sent to {harm}", met="it went nowhere", refused=unharmed)
    yield await _stranger(bus, None)
    with _forged() as key:
        yield await _stranger(bus, key)
    unharmed = await _streams(bus) == before
    yield Attempt(row=STREAMS, who="all of them", what="leave a trace", met="streams are as before", refused=unharmed)


def _by_the_server(row: str, who: str, what: str, told: list[str]) -> Attempt:
    refused = any("permissions violation" in error.lower() for error in told)
    return Attempt(row=row, who=who, what=what, met="permissions violation" if refused else "nothing", refused=refused)


async def _stranger(bus: FederatedBus, seed: Path | None) -> Attempt:
    """Without a key, or with one that nobody gave out."""
    what = "connect with a key of its own making" if seed else "connect without a key"
    try:
        client = await connect(bus.url, seed, "portal")
    except (Error, ConnectionError) as error:
        return Attempt(row=BUS, who="nobody", what=what, met=str(error).strip() or type(error).__name__, refused=True)
    await client.close()
    return Attempt(row=BUS, who="nobody", what=what, met="let in", refused=False)


@contextmanager
def _forged() -> Iterator[Path]:
    """A key of one's own making."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "forged.seed"
        file.write_bytes(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER))
        file.chmod(0o600)
        yield file


async def _streams(bus: FederatedBus) -> dict[str, object]:
    """What only an administrator changes; and whether what was forged is anywhere."""
    async with bus.as_("administrator") as admin:
        js = admin.client.jetstream()
        found: dict[str, object] = {}
        for stream in await js.streams_info():
            name = stream.config.name or ""
            readers = sorted(reader.name for reader in await js.consumers_info(name))
            found[name] = (stream.config, readers)
        told = await js.stream_info("directives", subjects_filter="fedpact.dir.*.*.s-attack.>")
        return {**found, "forged": dict(told.state.subjects or {})}
