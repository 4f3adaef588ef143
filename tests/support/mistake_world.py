"""A federation in which people make mistakes, and what a mistake is."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import yaml
from cli_runs import Result, typed
from federation_world import process_of
from servers import free_port, wait_until

from fedpact.client import Fedpact, FedpactError
from fedpact.client.cli.session import Session
from fedpact.infra.commands import shipped_models
from fedpact.infra.layout import Layout

DATASET, OTHER = "cohort_gateway-1_lakeside", "cohort_gateway-2_hillcrest"
POLICY = {
    "id": "study",
    "revision": 1,
    "name": "Study",
    "organization": "lakeside",
    "datasets": [{"id": DATASET}],
    "beneficiaries": {"users": ["ada"]},
    "rules": [
        {
            "model": "statistics",
            "versions": ["0.1.0"],
            "permissions": {"allowed_functions": ["mean", "count"]},
            "privacy": {"min_count": 1},
            "bounds": {
                "type": "object",
                "properties": {"bins": {"type": "integer", "minimum": 2, "maximum": 20}},
                "additionalProperties": False,
            },
        }
    ],
}
CREATE = ("specs", "create", "--model", "statistics@0.1.0", "--dataset", DATASET)


@dataclass
class World:
    """A federation with a model, a dataset at each gateway, a policy and a spec; and a person who gets it wrong."""

    layout: Layout
    folder: Path
    url: str
    tokens: dict[str, str] = field(default_factory=dict)

    def cli(self, *words: str, environ: dict[str, str] | None = None) -> str:
        """What a person reads after `fedpact ...`."""
        here = {"FEDPACT_HOME": str(self.layout.root), "FEDPACT_CONFIG_DIR": str(self.folder / "config")}
        return typed(words, Session(environ=here | (environ or {}))).output

    def done(self, *words: str) -> None:
        told = self._typed(*words)
        assert told.exit_code == 0, (words, told.output)

    def soon(self, *words: str) -> None:
        """The same, as soon as whoever decides has heard of what it names."""
        wait_until(lambda: self._typed(*words).exit_code == 0)

    def _typed(self, *words: str) -> Result:
        here = {"FEDPACT_HOME": str(self.layout.root), "FEDPACT_CONFIG_DIR": str(self.folder / "config")}
        return typed(words, Session(environ=here))

    def sdk(self, do: Callable[[Fedpact], object], who: str = "ada", token: str | None = None) -> str:
        """What a program is told."""
        with Fedpact(self.url, token or self.tokens[who]) as fp:
            try:
                return f"no error: {do(fp)}"
            except FedpactError as error:
                return error.reason

    def api(self, method: str, path: str, **request: object) -> str:
        """What HTTP answers."""
        headers = {"Authorization": f"Bearer {self.tokens['ada']}"} | dict(request.pop("headers", {}))  # type: ignore[call-overload]
        with httpx.Client(base_url=self.url) as http:
            return http.request(method, path, headers=headers, **request).text  # type: ignore[arg-type]

    def socket(self, gateway: str) -> tuple[str, str]:
        return "--socket", str(self.layout.agent_socket(gateway))

    def key(self, gateway: str = "gateway-1") -> tuple[str, str]:
        return "--key", str(self.layout.site(gateway) / "owner.pem")

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def policy(self, **members: object) -> str:
        """A file with the policy, and what is wrong with it."""
        return self.file("policy.yaml", yaml.safe_dump(POLICY | members))

    def publish(self, who: str = "lakeside-owner", gateway: str = "gateway-1", **members: object) -> str:
        return self.cli("policies", "publish", self.policy(**members), *self.key(gateway), "--as", who)

    def rule(self, **members: object) -> str:
        return self.publish(id="other", rules=[POLICY["rules"][0] | members])  # type: ignore[index]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is done; words that name the cause; words that name the way out."""

    done: str
    do: Callable[[World], str]
    cause: str
    way_out: str


def settle(world: World) -> None:
    """What is there before anybody makes a mistake."""
    world.done("models", "push", str(shipped_models() / "statistics"), "--as", "mia")
    for gateway in ("gateway-1", "gateway-2"):
        table = world.layout.data(gateway) / "cohort.csv"
        table.write_text("age,bmi\n50,22\n60,24\n")
        world.done("datasets", "register", "cohort", str(table), *world.socket(gateway))
    world.soon("policies", "publish", world.policy(), *world.key(), "--as", "lakeside-owner")
    world.soon(*CREATE, "--id", "s-1", "--wait")
    world.soon("specs", "create", "--id", "s-2", "--model", "statistics@0.1.0", "--dataset", OTHER)


@contextmanager
def asleep(layout: Layout) -> Iterator[None]:
    """The agent of gateway-2 says nothing, from now on."""
    agent: psutil.Process = process_of(layout, "fedpact-gateway-agent", "gateway-2")
    agent.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        agent.send_signal(signal.SIGCONT)


def ended(world: World) -> str:
    """A login whose tokens nobody renews any more."""
    world.done("login", "--user", "ada", "--as", "old")
    file = world.folder / "config" / "old.json"
    kept = json.loads(file.read_text())
    file.write_text(json.dumps(kept | {"expires_at": 0, "refresh_token": "spent"}))
    return world.cli("whoami", "--as", "old")


def silent(world: World) -> str:
    wait_until(lambda: "has said nothing" in world.cli("specs", "why", "s-2"))
    return world.cli("specs", "why", "s-2")


def taken_port(world: World) -> str:
    port = world.url.rpartition(":")[2]
    return world.cli("up", "--folder", str(world.folder / "new"), "--port", port)


def another_hub(world: World) -> str:
    """A login of the portal there, used at a portal here."""
    return world.cli("whoami", "--url", f"http://127.0.0.1:{free_port()}")
