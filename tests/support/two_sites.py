"""
A hub and two gateways at different places, for the story of a link that breaks. Each part is a process of its own:

    python two_sites.py hub FOLDER       bus, store, services, orchestrator, entrance
    python two_sites.py site FOLDER      both gateways, which reach the hub through a proxy alone
    python two_sites.py story FOLDER     tells the demo's story to it and says on standard output how it goes
"""

import asyncio
import json
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import aiohttp
from netns import HUB_ADDRESS, PROXY_ADDRESS

from fedpact.chassis import bus_admin
from fedpact.client.clock import Clock
from fedpact.client.oauth import Issuer
from fedpact.infra import setup, up
from fedpact.infra.commands import shipped_models
from fedpact.infra.demo_story import Report, Story
from fedpact.infra.demo_world import World
from fedpact.infra.embedded import BIN, Machine, programs
from fedpact.infra.federation import federation
from fedpact.infra.programs import Program
from fedpact.infra.supervisor import Supervisor

ENTRANCE, HEALTH, PROXY = 8443, 8080, 3128
LOGIN = "lakeside:over the lake"
MEMBERS = federation(2)
PATIENCE = 300.0


@dataclass(frozen=True)
class Places:
    """The machine of both places: they share its files, and nothing else."""

    folder: Path

    def machine(self) -> Machine:
        """Known from the first time on: who comes later may not find the ports free."""
        ports = self.folder / "ports.json"
        if not ports.exists():
            return up.machine_in(self.folder, MEMBERS, shipped_models())
        made = up.machine_in(self.folder / "unused", MEMBERS, shipped_models())
        layout = replace(made.layout, root=self.folder.resolve())
        return replace(made, layout=layout, ports=json.loads(ports.read_text()))


def say(text: str) -> None:
    sys.stdout.write(json.dumps({"at": time.monotonic(), "text": text}) + "\n")
    sys.stdout.flush()


def is_site(program: Program) -> bool:
    return program.name.endswith(tuple(custodian.gateway for custodian in MEMBERS.custodians))


def with_more(program: Program, more: Mapping[str, str]) -> Program:
    return replace(program, env={**program.env, **more})


def at_hub(machine: Machine) -> list[Program]:
    agent = {"FLARE_ENTRANCE": f"{HUB_ADDRESS}:{ENTRANCE}", "FLARE_DOMAIN": "hub.example.org"}
    more = {f"FEDPACT_AGENT_{name}": value for name, value in agent.items()}
    hub = [program for program in programs(machine, MEMBERS) if not is_site(program)]
    routes = machine.layout.site("orchestrator") / "agent" / "routes"
    routes.mkdir(parents=True, exist_ok=True, mode=0o700)
    entered = {"ROUTES": str(routes), "PUBLIC_HOST": HUB_ADDRESS, "PUBLIC_PORT": str(ENTRANCE), "PORT": str(HEALTH)}
    entrance = Program(
        name="entrance",
        argv=(str(BIN / "fedpact-entrance"),),
        port=HEALTH,
        log=machine.layout.logs / "entrance.log",
        env={f"FEDPACT_ENTRANCE_{name}": value for name, value in entered.items()},
    )
    return [*(with_more(program, more) if "agent" in program.name else program for program in hub), entrance]


def at_site(machine: Machine) -> list[Program]:
    login = machine.layout.root / "proxy.login"
    agent = {
        "NATS_URL": f"nats://{HUB_ADDRESS}:{machine.ports['nats']}",
        "PROXY": f"{PROXY_ADDRESS}:{PROXY}",
        "PROXY_LOGIN_FILE": str(login),
    }
    more = {f"FEDPACT_AGENT_{name}": value for name, value in agent.items()}
    return [with_more(program, more) for program in programs(machine, MEMBERS) if is_site(program)]


async def serve(supervisor: Supervisor, after: Mapping[int, Callable[[], object]] | None = None) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        await supervisor.start(after=after)  # type: ignore[arg-type]
        say("ready")
        await stopped.wait()
    finally:
        await supervisor.stop()


async def hub(places: Places) -> None:
    machine = places.machine()
    setup.write_files(machine, MEMBERS)
    conf = machine.layout.nats_config
    conf.write_text(conf.read_text().replace("host: 127.0.0.1", "host: 0.0.0.0"))
    (machine.layout.root / "proxy.login").write_text(LOGIN)
    await setup.make_users(machine, say)
    machine.layout.make_sockets()  # the site has its own there, and comes later
    try:
        await serve(Supervisor(at_hub(machine), say), {0: lambda: setup.apply_topology(machine, MEMBERS)})
    finally:
        machine.layout.remove_sockets()


async def site(places: Places) -> None:
    machine = places.machine()
    supervisor = Supervisor(at_site(machine), say)
    watching = [asyncio.create_task(watch(custodian.gateway, machine)) for custodian in MEMBERS.custodians]
    try:
        await serve(supervisor)
    finally:
        for task in watching:
            task.cancel()


async def watch(gateway: str, machine: Machine) -> None:
    """Say when a gateway loses and regains the bus."""
    was: bool | None = None
    timeout = aiohttp.ClientTimeout(total=4)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while True:
            try:
                async with session.get(machine.url(f"agent-{gateway}") + "/readyz") as answer:
                    ready = answer.status == 200
            except (aiohttp.ClientError, TimeoutError):
                ready = False
            if ready != was:
                say(f"{gateway} {'has' if ready else 'lacks'} the bus")
            was = ready
            await asyncio.sleep(0.25)


class LongStory(Story):
    """The demo's, with a training long enough to be disturbed."""

    def _run(self, ada, spec, model, payload) -> None:  # type: ignore[no-untyped-def]
        super()._run(ada, spec, model, {**payload, "num_rounds": 10} if model == "logreg" else payload)


def story(places: Places) -> None:
    machine = places.machine()
    issuer = Issuer.at(machine.url("identity"), {}, Clock(), None)
    world = World(MEMBERS, machine.layout, machine.url("portal"), issuer)
    report = Report()
    told = LongStory(world, shipped_models(), machine.layout.root / "downloads", say, report)
    told.patience = PATIENCE
    told.interlude = lambda moment: say(f"moment {moment}")
    told.tell()
    sys.stdout.write(json.dumps({"at": time.monotonic(), "text": "told", "report": asdict(report)}) + "\n")
    facts = asyncio.run(counted(machine))
    sys.stdout.write(json.dumps({"at": time.monotonic(), "text": "counted", "facts": facts}) + "\n")


async def counted(machine: Machine) -> dict[str, object]:
    """How many facts the sites told, by site, and what is missing between the first and the last of each aggregate."""
    seed = machine.layout.secrets / "administrator.seed"
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    async with bus_admin.administrating(machine.nats_url, seed) as js:
        state = (await js.stream_info("workloads")).state
        for sequence in range(state.first_seq, state.last_seq + 1):
            headers = (await js.get_msg("workloads", seq=sequence)).headers or {}
            numbers[headers["ce-source"], headers["ce-subject"]].append(int(headers["ce-sequence"]))
    gaps = [f"{source} {key}" for (source, key), found in numbers.items() if sorted(found) != _run_of(found)]
    told: dict[str, int] = defaultdict(int)
    for (source, _), found in numbers.items():
        told[source.split("/")[1]] += len(found)
    return {"told": dict(told), "gaps": gaps}


def _run_of(numbers: Sequence[int]) -> list[int]:
    return list(range(min(numbers), max(numbers) + 1))


def main(part: str, folder: str) -> None:
    places = Places(Path(folder))
    if part == "story":
        story(places)
    else:
        asyncio.run({"hub": hub, "site": site}[part](places))


if __name__ == "__main__":
    main(*sys.argv[1:])
