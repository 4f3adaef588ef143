"""A real secure runtime: the protocol, both layouts, and what a fork keeps from a model's code."""

import json
from pathlib import Path

import pytest
from render_server import SEEDS_LAYOUT, VENDOR_LAYOUT, render_server, write_model

SHIPPED = Path(__file__).parents[3] / "models"


def told(answer: dict) -> dict:
    """What the model wrote into its `meta.json`."""
    return json.loads(answer["files"]["meta.json"])


@pytest.mark.parametrize("name", ["statistics", "logreg"])
def test_the_shipped_models_render(tmp_path: Path, name: str) -> None:
    with render_server(tmp_path, SHIPPED / name) as server:
        answer = server.render({}, dataset2gw={"a_north_o": "north", "b_south_o": "south"})
    assert told(answer)["min_clients"] == 2
    assert answer["id"] == "job-1"


@pytest.mark.parametrize("layout", [SEEDS_LAYOUT, VENDOR_LAYOUT, "src/secure_runtime/secure_runtime_service.py"])
def test_every_layout_loads_with_relative_imports(tmp_path: Path, layout: str) -> None:
    model = write_model(tmp_path / "model", "return {'meta.json': {'said': WORD}}", layout, "from .words import WORD")
    (model / layout).with_name("words.py").write_text("WORD = 'hello'")
    with render_server(tmp_path, model) as server:
        assert told(server.render({})) == {"said": "hello"}
    assert not list(model.rglob("__pycache__"))


@pytest.mark.parametrize("means", [True, False])
def test_the_child_has_no_environment_and_no_descriptors_but_its_own(tmp_path: Path, means: bool) -> None:
    model = write_model(
        tmp_path / "model",
        """
        import stat
        kinds = {}
        for number in range(1000):
            try:
                kinds[number] = stat.S_IFMT(os.fstat(number).st_mode)
            except OSError:
                pass
        started = open("/proc/self/environ").read() if os.path.exists("/proc/self") else ""
        sockets = stat.S_IFSOCK in kinds.values()
        seen = {"environ": dict(os.environ), "started": started, "open": list(kinds), "sockets": sockets}
        return {"meta.json": seen}
        """,
    )
    with render_server(tmp_path, model, means=means) as server:
        seen = told(server.render({}))
    assert seen["environ"] == {}
    assert "do not tell" not in seen["started"]
    assert (seen["open"], seen["sockets"]) == ([0, 1, 2, 3], False)


@pytest.mark.parametrize("means", [True, False])
def test_the_network_is_empty_where_the_machine_allows(tmp_path: Path, means: bool) -> None:
    model = write_model(
        tmp_path / "model",
        "import socket\nreturn {'meta.json': {'interfaces': [name for _, name in socket.if_nameindex()]}}",
    )
    with render_server(tmp_path, model, means=means) as server:
        if server.ready["network"] != "none":
            pytest.skip("this machine allows no network namespace")
        assert told(server.render({})) == {"interfaces": ["lo"]}


@pytest.mark.parametrize(
    ("template", "slug", "said"),
    [
        ("while True: pass", "render-limit", "processor time"),
        ("import time; time.sleep(60)", "render-limit", "longer than 3 s"),
        ("return {'a': 'x' * 2**40}", "render-limit", "memory"),
        ("blocks = [bytes(2**24) for _ in range(200)]", "render-limit", "memory"),
        ("return {'a': 'x' * 2_000_000}", "render-limit", "bytes"),
        ("os.close(3); import time; time.sleep(60)", "render-limit", "longer than 3 s"),
        ("os.write(3, b'x' * 50_000_000)", "render-limit", "more than 1000000 bytes"),
        ("raise KeyError('a secret')", "model-fault", "KeyError"),
        ("raise ValueError('a secret')", "model-fault", "ValueError"),
        ("sys.exit('a secret')", "model-fault", "SystemExit"),
        ("os.abort()", "model-fault", "SIGABRT"),
        ("os._exit(0)", "model-fault", "no answer"),
        ("os.write(3, b'[' * 100_000); os._exit(0)", "model-fault", "no answer"),
        ("""os.write(3, b'{"files": {"../x": ""}}'); os._exit(0)""", "model-fault", "relative path"),
        ("with open(__file__ + '.out', 'w') as out: out.write('x')", "model-fault", "OSError"),
    ],
)
def test_a_hostile_template_is_stopped_and_the_next_request_served(
    tmp_path: Path, template: str, slug: str, said: str
) -> None:
    model = write_model(
        tmp_path / "model", f"if not payload.get('good'):\n    {template}\nreturn {{'meta.json': {{}}}}"
    )
    wall = 3 if "sleep" in template else 20  # one that works may be slow, where others work, too
    with render_server(tmp_path, model, cpu=1, wall=wall) as server:
        error = server.render({})["error"]
        assert (error["slug"], said in error["reason"], "secret" in error["reason"]) == (slug, True, False), error
        assert told(server.render({"good": True})) == {}


def test_what_one_rendering_changes_the_next_does_not_see(tmp_path: Path) -> None:
    model = write_model(
        tmp_path / "model", "SEEN.append(1)\nreturn {'meta.json': {'seen': len(SEEN)}}", head="SEEN = []"
    )
    with render_server(tmp_path, model) as server:
        assert [told(server.render({}))["seen"] for _ in range(3)] == [1, 1, 1]


def test_what_a_model_prints_reaches_nobody(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", "print('x' * 10_000_000)\nreturn {'meta.json': {}}")
    with render_server(tmp_path, model) as server:
        assert told(server.render({})) == {}


def test_the_models_refusal_reaches_the_sender(tmp_path: Path) -> None:
    with render_server(tmp_path, write_model(tmp_path / "model", "return {}")) as server:
        error = server.render({"bad": True})["error"]
    assert error == {"slug": "payload-invalid", "reason": "`bad` is set", "path": ""}


def test_bounds_of_a_custodian_hold(tmp_path: Path) -> None:
    bounds = {"type": "object", "properties": {"num_rounds": {"type": "integer", "maximum": 3}}}
    with render_server(tmp_path, SHIPPED / "logreg") as server:
        refused = server.render({"num_rounds": 4}, bounds=[bounds])["error"]
        allowed = server.render({"num_rounds": 3}, bounds=[bounds])
    assert (refused["slug"], refused["path"]) == ("payload-out-of-bounds", "num_rounds")
    assert "files" in allowed


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[]\n",
        b"not json\n",
        b'{"payload": {}}',
        b'{"payload": {"a": NaN}}\n',
        b'{"payload": {"a": 1, "a": 2}}\n',
        b'{"payload": []}\n',
        b'{"payload": {"a": ' + b"[" * 5000 + b"\n",
        b"x" * 3000 + b"\n",
        b'{"payload": {}, "extra": 1}\n',
        b"\xff\n",
    ],
)
def test_a_malformed_request_is_refused_and_the_next_served(tmp_path: Path, line: bytes) -> None:
    model = write_model(tmp_path / "model", "return {'meta.json': {}}")
    with render_server(tmp_path, model, request_limit=2000 if len(line) == 3001 else 1_000_000) as server:
        assert server.send(line)["error"]["slug"] == "request-malformed"
        assert told(server.render({})) == {}


def test_the_socket_is_for_its_owner_and_gone_at_the_end(tmp_path: Path) -> None:
    with render_server(tmp_path, SHIPPED / "logreg") as server:
        assert server.path.stat().st_mode & 0o777 == 0o600
    assert not server.path.exists()


def test_a_folder_without_a_script_is_told_at_start(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match=r"holds no `secure_runtime_service\.py`"),
        render_server(tmp_path, tmp_path),
    ):
        pass
