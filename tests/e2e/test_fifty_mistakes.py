"""
Fifty mistakes that people make, each answered with the cause and with what to do.

One embedded federation for all of them. A row says what is done, words that name the cause, and words that name the
way out; both are looked for in what the person reads.
"""

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest
import yaml
from federation_world import federation_in, process_of
from servers import free_port, missing
from typer.testing import CliRunner

from fedpact.client import Fedpact, FedpactError
from fedpact.client.cli.main import app
from fedpact.client.cli.session import Session
from fedpact.client.clock import Clock
from fedpact.client.oauth import Issuer
from fedpact.infra.commands import shipped_models
from fedpact.infra.holding import running
from fedpact.infra.layout import Layout

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(bool(missing("nats-server", "secantusd-py")), reason="the embedded servers are not installed"),
]
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
        told = CliRunner().invoke(app, words, obj=Session(environ=here | (environ or {})))
        return told.output

    def done(self, *words: str) -> None:
        here = {"FEDPACT_HOME": str(self.layout.root), "FEDPACT_CONFIG_DIR": str(self.folder / "config")}
        told = CliRunner().invoke(app, words, obj=Session(environ=here))
        assert told.exit_code == 0, (words, told.output)

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


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("mistakes")
    with federation_in(folder / "federation") as layout:
        said = running(layout)
        assert said is not None
        world = World(layout, folder, said.url)
        issuer = Issuer.at(said.identity, {}, Clock(), None)
        for who in ("root", "ada", "mia", "lakeside-owner", "lakeside-steward", "hillcrest-owner"):
            world.done("login", "--user", who, "--as", who)
            world.tokens[who] = issuer.by_name(who).access_token
        world.done("login", "--user", "ada")
        settle(world)
        with asleep(layout):
            yield world


def settle(world: World) -> None:
    """What is there before anybody makes a mistake."""
    world.done("models", "push", str(shipped_models() / "statistics"), "--as", "mia")
    for gateway in ("gateway-1", "gateway-2"):
        table = world.layout.data(gateway) / "cohort.csv"
        table.write_text("age,bmi\n50,22\n60,24\n")
        world.done("datasets", "register", "cohort", str(table), *world.socket(gateway))
    until(lambda: OTHER in world.cli("datasets", "list") and "statistics" in world.cli("models", "list"))
    world.done("policies", "publish", world.policy(), *world.key(), "--as", "lakeside-owner")
    world.done(*CREATE, "--id", "s-1", "--wait")
    world.done("specs", "create", "--id", "s-2", "--model", "statistics@0.1.0", "--dataset", OTHER)


@contextmanager
def asleep(layout: Layout) -> Iterator[None]:
    """The agent of gateway-2 says nothing, from now on."""
    agent: psutil.Process = process_of(layout, "fedpact-gateway-agent", "gateway-2")
    agent.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        agent.send_signal(signal.SIGCONT)


def until(holds: Callable[[], bool], seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.2)


def ended(world: World) -> str:
    """A login whose tokens nobody renews any more."""
    world.done("login", "--user", "ada", "--as", "old")
    file = world.folder / "config" / "old.json"
    kept = json.loads(file.read_text())
    file.write_text(json.dumps(kept | {"expires_at": 0, "refresh_token": "spent"}))
    return world.cli("whoami", "--as", "old")


def silent(world: World) -> str:
    until(lambda: "has said nothing" in world.cli("specs", "why", "s-2"))
    return world.cli("specs", "why", "s-2")


def taken_port(world: World) -> str:
    port = world.url.rpartition(":")[2]
    return world.cli("up", "--folder", str(world.folder / "new"), "--port", port)


def another_hub(world: World) -> str:
    """A login of the portal there, used at a portal here."""
    return world.cli("whoami", "--url", f"http://127.0.0.1:{free_port()}")


MISTAKES = (
    # commands
    Mistake("mistype a verb", lambda w: w.cli("specs", "creat"), "No such command 'creat'", "Did you mean 'create'"),
    Mistake("mistype a noun", lambda w: w.cli("spec", "list"), "No such command 'spec'", "Did you mean 'specs'"),
    Mistake(
        "ask for XML", lambda w: w.cli("specs", "list", "-o", "xml"), "'xml' is not one of", "'table', 'json', 'yaml'"
    ),
    Mistake("wrong status", lambda w: w.cli("jobs", "list", "--status", "done"), "'done' is not one of", "'completed'"),
    Mistake("say nothing", lambda w: w.cli("specs", "create"), "what is the pact about", "`--dataset` and `--model`"),
    Mistake("no help on it", lambda w: w.cli("help", "me"), "no help on `me`", "`fedpact NOUN --help`"),
    Mistake(
        "search by two",
        lambda w: w.cli("specs", "list", "--dataset", "a", "--model", "b"),
        "not by several",
        "search by one of",
    ),
    # who and where
    Mistake(
        "nobody logged in", lambda w: w.cli("whoami", "--as", "new"), "nobody is logged in as `new`", "--as new login`"
    ),
    Mistake("a name nobody has", lambda w: w.cli("login", "--user", "adda"), "`adda` is no person", "check the name"),
    Mistake("a login of another hub", another_hub, "`default` is logged in at", "`fedpact login`"),
    Mistake(
        "a hub that is not there",
        lambda w: w.cli("login", "--user", "ada", "--url", f"http://127.0.0.1:{free_port()}", "--as", "x"),
        "nobody answers at http://127.0.0.1:",
        "see that the federation is up (`fedpact up`)",
    ),
    Mistake(
        "no URL", lambda w: w.cli("whoami", "--url", "portal"), "`portal` is not the URL", "https://portal.example.org"
    ),
    Mistake(
        "a token in the clear", lambda w: w.cli("whoami", "--url", "http://example.org"), "unencrypted", "use https"
    ),
    Mistake(
        "an id without its secret",
        lambda w: w.cli("whoami", environ={"FEDPACT_CLIENT_ID": "bot"}),
        "FEDPACT_CLIENT_SECRET_FILE is not",
        "name the secret's file",
    ),
    Mistake(
        "no token file",
        lambda w: w.cli("whoami", environ={"FEDPACT_TOKEN_FILE": "/nowhere"}),
        "`/nowhere` cannot be read",
        "check the path and its permissions",
    ),
    Mistake(
        "a token that is none",
        lambda w: w.api("GET", "/v1/me", headers={"Authorization": "Bearer abc"}),
        "not a token of three parts",
        "log in again",
    ),
    Mistake(
        "a token that was forged",
        lambda w: w.sdk(lambda fp: fp.me(), token=w.tokens["ada"][:-6] + "AAAAAA"),
        "does not believe this token",
        "get a new one",
    ),
    Mistake(
        "a login that has ended",
        ended,
        "login",
        "`fedpact login`",
    ),
    Mistake(
        "no token",
        lambda w: w.api("GET", "/v1/me", headers={"Authorization": ""}),
        "log in first",
        "`Authorization: Bearer`",
    ),
    Mistake(
        "the wrong role",
        lambda w: w.cli(*CREATE, "--as", "lakeside-steward"),
        "needs the role `data_scientist`",
        "ask the owner",
    ),
    Mistake(
        "a role for the admin only",
        lambda w: w.cli("orgs", "register", "new", "--name", "New"),
        "needs the role `admin`",
        "ask the federation's admin",
    ),
    Mistake(
        "a role there is not",
        lambda w: w.cli("users", "change", "ada", "--role", "boss", "--as", "root"),
        "'boss' is not one of",
        "'data_scientist'",
    ),
    Mistake(
        "change nothing",
        lambda w: w.cli("users", "change", "ada", "--as", "root"),
        "what is to change",
        "`--role`, `--group`",
    ),
    Mistake(
        "a user of no organization",
        lambda w: w.cli("users", "register", "bob", "--name", "Bob", "--organization", "nope", "--as", "root"),
        "`nope` is not registered",
        "register the organization first",
    ),
    # what there is
    Mistake("a spec there is not", lambda w: w.cli("specs", "get", "s-9"), "no spec `s-9`", "`fedpact specs list`"),
    Mistake("a job there is not", lambda w: w.cli("jobs", "wait", "j-9"), "no job `j-9`", "`fedpact jobs list`"),
    Mistake(
        "a mistyped model",
        lambda w: w.cli("models", "get", "statistcs"),
        "no model `statistcs`",
        "did you mean `statistics`",
    ),
    Mistake(
        "a mistyped model in a spec",
        lambda w: w.cli("specs", "create", "--model", "statistic@0.1.0", "--dataset", DATASET),
        "no model `statistic` is registered",
        "did you mean `statistics`",
    ),
    Mistake(
        "a version there is not",
        lambda w: w.cli("specs", "create", "--model", "statistics@2.0.0", "--dataset", DATASET),
        "has no version `2.0.0`",
        "use one of `0.1.0`",
    ),
    Mistake(
        "no version",
        lambda w: w.cli("specs", "create", "--model", "statistics", "--dataset", DATASET),
        "does not say which version",
        "ID@VERSION",
    ),
    Mistake(
        "an unknown dataset",
        lambda w: w.cli(
            "specs", "create", "--model", "statistics@0.1.0", "--dataset", DATASET.replace("cohort", "cohrt")
        ),
        "no dataset `cohrt_gateway-1_lakeside` is registered",
        f"did you mean `{DATASET}`",
    ),
    Mistake(
        "a dataset by its first name",
        lambda w: w.cli("specs", "create", "--model", "statistics@0.1.0", "--dataset", "cohort"),
        "`<name>_<gateway>_<organization>`",
        "`fedpact datasets list`",
    ),
    Mistake("an id that is taken", lambda w: w.cli(*CREATE, "--id", "s-1"), "the id `s-1` is taken", "choose another"),
    Mistake(
        "capitals in an id",
        lambda w: w.cli(*CREATE, "--id", "S_1"),
        "`spec_id` is wrong",
        "use 1 to 40 of a-z, 0-9 and `-`",
    ),
    Mistake(
        "more than there is",
        lambda w: w.cli(*CREATE, "--client-cpu", "900", "--wait"),
        "lacks cpu: wanted 900, available",
        "ask for less",
    ),
    Mistake(
        "parameters out of bounds",
        lambda w: w.cli(*CREATE, "--parameters", '{"bins": 3000}', "--wait"),
        "`bins` must be at most 20",
        "(use `20`)",
    ),
    Mistake(
        "activate what is rejected", lambda w: w.cli("specs", "activate", "s-2"), "no policy", "`fedpact specs why s-2`"
    ),
    Mistake(
        "activate another's",
        lambda w: w.cli("specs", "activate", "s-1", "--as", "mia"),
        "only its creator",
        "ask `ada`",
    ),
    Mistake(
        "stop another's", lambda w: w.cli("specs", "deactivate", "s-1", "--as", "mia"), "only its creator", "ask `ada`"
    ),
    Mistake(
        "an older generation",
        lambda w: w.cli("specs", "activate", "s-1", "--expected-generation", "4"),
        "you expected generation 4, it is 0",
        "look at the spec again",
    ),
    Mistake(
        "a job too early",
        lambda w: w.cli("jobs", "submit", "s-1", "--wait"),
        "inactive.awaiting_activation",
        "activate it first",
    ),
    Mistake(
        "listen to nobody", lambda w: w.cli("events", "tail", "--spec", "s-9"), "no spec `s-9`", "`fedpact specs list`"
    ),
    # files
    Mistake(
        "no such file",
        lambda w: w.cli("specs", "create", "-f", "/nope.yaml"),
        "`/nope.yaml` cannot be read (no such file",
        "check the path",
    ),
    Mistake(
        "bad YAML",
        lambda w: w.cli("policies", "publish", w.file("bad.yaml", "id: p\n  name: [1\n"), "--as", "lakeside-owner"),
        "neither JSON nor YAML: mapping values are not allowed here in line 2",
        "correct it there",
    ),
    Mistake(
        "bad JSON",
        lambda w: w.cli("jobs", "submit", "s-1", "--payload", '{"a": ['),
        "`--payload` is neither JSON nor YAML",
        "correct it",
    ),
    Mistake(
        "a mistyped member",
        lambda w: w.cli(
            "policies",
            "publish",
            w.file("m.yaml", yaml.safe_dump(POLICY).replace("name:", "nam:")),
            "--as",
            "lakeside-owner",
        ),
        "at `nam`: nothing of that name belongs here",
        "did you mean `name`",
    ),
    Mistake(
        "no model there",
        lambda w: w.cli("models", "push", str(w.folder), "--as", "mia"),
        "holds no `model.yaml`",
        "name the folder of a model",
    ),
    Mistake(
        "no key there",
        lambda w: w.cli("policies", "sign", w.policy(), "--key", "/nope.pem"),
        "`/nope.pem` cannot be read",
        "`fedpact policies keygen`",
    ),
    Mistake(
        "a folder not to write",
        lambda w: w.cli("policies", "keygen", "/proc/key.pem"),
        "cannot be written",
        "choose a folder",
    ),
    # policies
    Mistake("no owner", lambda w: w.publish("ada"), "needs the role `owner`", "ask the owner"),
    Mistake(
        "no signature",
        lambda w: w.cli("policies", "publish", w.policy(), "--as", "lakeside-owner"),
        "is not signed",
        "sign it with your owner's key",
    ),
    Mistake(
        "another's key",
        lambda w: w.publish(gateway="gateway-2", revision=2),
        "not among the trusted keys",
        "sign it with a key that the hub knows",
    ),
    Mistake(
        "another's policy",
        lambda w: w.publish("hillcrest-owner", "gateway-2"),
        "speaks for `lakeside`",
        "have one of its owners publish it",
    ),
    Mistake(
        "for nobody",
        lambda w: w.publish(id="nobody", beneficiaries={"users": ["adda"]}),
        "no user `adda` in this federation",
        "correct it",
    ),
    Mistake(
        "an older revision",
        lambda w: w.publish(name="Study again"),
        "revision 1 is not newer than 1",
        "publish it as revision 2",
    ),
    Mistake("an unknown model", lambda w: w.rule(model="statistic"), "no model `statistic`", "use one of `statistics`"),
    Mistake(
        "an unknown permission",
        lambda w: w.rule(permissions={"allowed": ["mean"]}),
        "has no permission `allowed`",
        "use one of `allowed_functions`",
    ),
    Mistake(
        "another's data",
        lambda w: w.publish(id="other", datasets=[{"id": OTHER}]),
        "does not belong to `lakeside`",
        "leave it out",
    ),
    Mistake(
        "end what is not there",
        lambda w: w.cli("policies", "withdraw", "nope", "--as", "lakeside-owner"),
        "no policy `nope`",
        "`fedpact policies list`",
    ),
    # gateways
    Mistake(
        "a file outside",
        lambda w: w.cli("datasets", "register", "x", "/etc/passwd", *w.socket("gateway-1")),
        "outside the roots",
        "put it below",
    ),
    Mistake(
        "a file there is not",
        lambda w: w.cli("datasets", "register", "x", str(w.layout.data("gateway-1") / "x.csv"), *w.socket("gateway-1")),
        "does not exist",
        "check the path",
    ),
    Mistake(
        "take back what is not there",
        lambda w: w.cli("datasets", "unregister", "nope", *w.socket("gateway-1")),
        "offers no `nope`",
        "it is one of `cohort`",
    ),
    Mistake("which gateway", lambda w: w.cli("datasets", "offered"), "which gateway", "`--socket`"),
    Mistake(
        "no gateway there",
        lambda w: w.cli("datasets", "offered", "--socket", "/tmp/none.sock"),
        "does not answer at `/tmp/none.sock`",
        "see that its agent runs",
    ),
    Mistake(
        "a gateway of nobody",
        lambda w: w.cli("gateways", "register", "gateway-9", "--organization", "nope", "--as", "root"),
        "no organization `nope`",
        "`fedpact orgs list`",
    ),
    Mistake(
        "a gateway called as the hub",
        lambda w: w.cli("gateways", "register", "portal", "--organization", "lakeside", "--as", "root"),
        "`portal` is a name of the hub's own",
        "choose another id",
    ),
    # one machine
    Mistake("a second up", lambda w: w.cli("up"), "runs already in", "`fedpact down --folder"),
    Mistake("a taken port", taken_port, "is taken by", "give the portal another port with `--port`"),
    Mistake(
        "no models there",
        lambda w: w.cli("up", "--folder", str(w.folder / "new"), "--models", "/proc"),
        "holds no model packages",
        "name the folder",
    ),
    Mistake(
        "no folder to write",
        lambda w: w.cli("up", "--folder", "/proc/here"),
        "`/proc/here` cannot be used",
        "name a folder that you may write",
    ),
    Mistake("too many gateways", lambda w: w.cli("up", "--gateways", "99"), "'--gateways'", "less than or equal to 8"),
    Mistake(
        "nothing to end",
        lambda w: w.cli("down", "--folder", str(w.folder / "new")),
        "nothing runs in",
        "`--folder` names another",
    ),
    Mistake(
        "a service there is not",
        lambda w: w.cli("bus", "rebuild", "nope"),
        "`nope` has no durables",
        "it is one of identity",
    ),
    # programs
    Mistake(
        "too little",
        lambda w: w.api("POST", "/v1/specs", json={"content": {}}),
        "content.datasets",
        "it is missing: add it",
    ),
    Mistake(
        "too much",
        lambda w: w.api("POST", "/v1/jobs", json={"spec_id": "s-1", "payload": {}, "x": 1}),
        "nothing of that name belongs here",
        "leave it out",
    ),
    Mistake(
        "a key used twice",
        lambda w: [
            w.api("POST", "/v1/specs/s-1/deactivate", headers={"Idempotency-Key": "k"}),
            w.api("POST", "/v1/specs/s-2/deactivate", headers={"Idempotency-Key": "k"}),
        ][-1],
        "came before with another request",
        "use a new one",
    ),
    Mistake("a number for an id", lambda w: w.sdk(lambda fp: fp.specs.get(42)), "`42` is no id", "give it as text"),  # type: ignore[arg-type]
    Mistake(
        "a list for a payload",
        lambda w: w.sdk(lambda fp: fp.jobs.submit("s-1", [1])),  # type: ignore[arg-type]
        "the payload is a list",
        "in a dict, such as",
    ),
    Mistake(
        "a goal there is not",
        lambda w: w.sdk(lambda fp: fp.specs.wait("s-1", "activ")),  # type: ignore[arg-type]
        "never becomes `activ`",
        "wait for it to be `approved`, `active`",
    ),
    Mistake(
        "a payload out of bounds",
        lambda w: w.cli(
            "jobs",
            "submit",
            "s-1",
            "--payload",
            '{"functions": ["mean"], "columns": ["age"], "bins": 3000}',
            "--activate",
            "--wait",
        ),
        "bins",
        "20",
    ),
    # last: it takes a while to be noticed
    Mistake(
        "a gateway offline", silent, "`gateway-2` has said nothing for", "ask its custodian to see that its agent runs"
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.done.replace(" ", "-"))
def test_the_answer_names_the_cause_and_the_way_out(mistake: Mistake, world: World) -> None:
    answer = " ".join(mistake.do(world).split())
    assert mistake.cause in answer, answer
    assert mistake.way_out in answer, answer
    assert "Traceback" not in answer


def test_there_are_at_least_fifty() -> None:
    assert len({mistake.done for mistake in MISTAKES}) == len(MISTAKES) >= 50
