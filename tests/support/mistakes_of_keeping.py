"""Mistakes in keeping: files, policies, gateways, machines, programs."""

import yaml
from mistake_world import OTHER, POLICY, Mistake, silent, taken_port

OF_KEEPING = (
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
