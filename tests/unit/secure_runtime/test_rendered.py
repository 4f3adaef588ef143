"""What a rendered job may say before it is submitted."""

import contextlib
import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.secure_runtime.domain.errors import RenderedJobError
from fedpact.secure_runtime.domain.rendered import check_rendered

SITES = ("north-1", "south-1")
COMPONENTS = ("acme.model.", "nvflare.app_common.workflows.fedavg.FedAvg")
SERVER = "app/config/config_fed_server.json"
CLIENT = "app/config/config_fed_client.json"


def job() -> dict[str, dict]:
    return {
        "meta.json": {"name": "job", "resource_spec": {}, "min_clients": 2, "deploy_map": {"app": ["@ALL"]}},
        SERVER: {
            "format_version": 2,
            "components": [{"id": "p", "path": "acme.model.persistor.Persistor", "args": {"model": [0.0]}}],
            "workflows": [{"id": "w", "path": "nvflare.app_common.workflows.fedavg.FedAvg", "args": {"num_rounds": 2}}],
        },
        CLIENT: {
            "format_version": 2,
            "executors": [{"tasks": ["train"], "executor": {"path": "acme.model.executor.Executor", "args": {}}}],
        },
    }


def check(files: dict[str, dict]) -> dict[str, str]:
    text = {name: content if isinstance(content, str) else json.dumps(content) for name, content in files.items()}
    return check_rendered(text, sites=SITES, components=COMPONENTS)


def refusal(files: dict[str, dict]) -> RenderedJobError:
    with pytest.raises(RenderedJobError) as caught:
        check(files)
    return caught.value


def test_all_sites_are_written_out() -> None:
    assert json.loads(check(job())["meta.json"])["deploy_map"] == {"app": ["server", "north-1", "south-1"]}


def test_checking_twice_changes_nothing() -> None:
    once = check(job())
    assert check_rendered(once, sites=SITES, components=COMPONENTS) == once


def test_different_apps_may_go_to_different_sites() -> None:
    files = job()
    files["meta.json"]["deploy_map"] = {"app": ["server", "north-1"], "app_south": ["south-1"]}
    files["app_south/config/config_fed_client.json"] = files[CLIENT]
    assert set(check(files)) == {*job(), "app_south/config/config_fed_client.json"}


@pytest.mark.parametrize(
    "name",
    ["app/custom/code.py", "app/config/config_fed_server.conf", "../meta.json", "launch.sh", "app/config/extra.json"],
)
def test_any_other_file_is_refused(name: str) -> None:
    assert refusal({**job(), name: {}}).path == name


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("launcher_spec", {"north-1": {"docker": {"image": "evil"}}}),
        ("resource_spec", {"north-1": {"docker": {"image": "evil"}}}),
        ("byoc", True),
        ("scope", "public"),
        ("job_id", "x"),
        ("min_clients", 0),
        ("min_clients", 3),
        ("min_clients", True),
        ("min_clients", "2"),
        ("mandatory_clients", ["west-1"]),
        ("name", "../../x"),
        ("deploy_map", {}),
        ("deploy_map", {"app": []}),
        ("deploy_map", {"app": ["server", "west-1"]}),
        ("deploy_map", {"app": ["@ALL"], "app_b": ["north-1"]}),
        ("deploy_map", {"app": ["server", "north-1", "north-1"]}),
        ("deploy_map", {"app": [{"sites": ["server"], "targets": []}]}),
        ("deploy_map", {"app": ["north-1"]}),
        ("deploy_map", {"app": ["server"]}),
        ("deploy_map", {"app_gone": ["@ALL"]}),
    ],
)
def test_meta_says_nothing_but_what_it_may(member: str, value: object) -> None:
    files = job()
    files["meta.json"][member] = value
    assert refusal(files).slug == "rendered-job-refused"


@pytest.mark.parametrize(
    "component",
    [
        {"path": "os.system", "args": {}},
        {"path": "acme.modelling.Executor"},
        {"path": "acme.model"},
        {"path": "nvflare.app_common.workflows.fedavg.FedAvg2"},
        {"path": "acme.model.a b"},
        {"name": "Executor", "args": {}},
        {"class_path": "acme.model.executor.Executor"},
        {"path": "acme.model.executor.Executor", "name": "Executor"},
        {"path": "acme.model.executor.Executor", "config_type": "dict"},
        {"path": ["acme.model.executor.Executor"]},
        {"args": {}},
    ],
)
def test_only_the_models_classes_named_by_path_are_allowed(component: dict) -> None:
    files = job()
    files[CLIENT]["executors"][0]["executor"] = component
    assert refusal(files).path.startswith(f"{CLIENT}:executors.0.executor")


@pytest.mark.parametrize("where", ["arg", "list", "deep"])
def test_components_hidden_in_arguments_are_found(where: str) -> None:
    hidden: object = {"path": "subprocess.Popen", "args": {"args": "id"}}
    files = job()
    files[SERVER]["workflows"][0]["args"] = {
        "arg": {"x": hidden},
        "list": {"x": [hidden]},
        "deep": {"x": [[{"y": hidden}]]},
    }[where]
    assert "subprocess.Popen" in refusal(files).reason


@pytest.mark.parametrize("text", ["{$APH_DAL_TOKEN}", "a{WORKSPACE}b", "{@x:y=1}", "${{secret:x}}", "{", "}"])
def test_texts_that_flare_would_expand_are_refused(text: str) -> None:
    files = job()
    files[CLIENT]["executors"][0]["executor"]["args"]["target"] = text
    assert "braces" in refusal(files).reason


def test_a_configuration_defines_no_expansion_of_its_own() -> None:
    files = job()
    files[SERVER]["@x"] = {"path": "acme.model.executor.Executor"}
    assert refusal(files).path == f"{SERVER}:@x"


@pytest.mark.parametrize("text", ["", "[]", "1", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100_000])
def test_a_file_that_is_not_one_json_object_is_refused(text: str) -> None:
    assert refusal({**job(), SERVER: text}).path == SERVER


def test_nesting_has_an_end() -> None:
    deep: object = 1
    for _ in range(60):
        deep = [deep]
    files = job()
    files[SERVER]["workflows"][0]["args"]["x"] = deep
    assert "nested" in refusal(files).reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)


@given(st.dictionaries(st.sampled_from(["meta.json", SERVER, CLIENT, "x"]), JSON))
def test_nothing_but_a_refusal_is_raised_whatever_is_rendered(files: dict) -> None:
    with contextlib.suppress(RenderedJobError):
        assert set(check(copy.deepcopy(files))) == {"meta.json", SERVER, CLIENT}
