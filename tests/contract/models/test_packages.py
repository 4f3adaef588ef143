"""Every shipped model package keeps the contract of a model package."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fedpact.decision.bounds import compile_bounds, violations
from fedpact.secure_runtime.adapters.loader import LoadedService, load_service
from fedpact.secure_runtime.adapters.package import package_digest, read_model_card
from fedpact.secure_runtime.domain.errors import RenderedJobError
from fedpact.secure_runtime.domain.files import FileLimits, job_files
from fedpact.secure_runtime.domain.rendered import check_rendered

ROOT = Path(__file__).parents[3] / "models"
GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(folder.name for folder in ROOT.iterdir() if (folder / "model.yaml").is_file())
GATEWAYS = {"breast_north_hospital": "north", "breast_south_clinic": "south"}
SITES = ("north-1", "south-1")
HOSTILE = ['"], "path": "os.system", "x": ["', "a\\", "a'; import os", "../../etc/passwd", "$HOME", "@ALL", "\u2028"]


def rendered(name: str, payload: dict) -> dict[str, str]:
    service = load_service(ROOT / name)
    read = service.parse(json.dumps(payload))
    service.validate(read)
    files = job_files(service.template(read, GATEWAYS), FileLimits())
    return check_rendered(files, sites=SITES, components=read_model_card(ROOT / name).components)


def accepts(service: LoadedService, payload: dict) -> bool:
    try:
        service.validate(service.parse(json.dumps(payload)))
    except ValueError:
        return False
    return True


EXAMPLE = {name: read_model_card(ROOT / name).examples[0].payload for name in NAMES}
EXAMPLES = [(name, n) for name in NAMES for n in range(len(read_model_card(ROOT / name).examples))]


def test_four_models_ship() -> None:
    assert NAMES == ["cox", "linear", "logreg", "statistics"]


@pytest.mark.parametrize("name", NAMES)
def test_the_card_is_of_its_folder_and_its_schema_is_decidable(name: str) -> None:
    card = read_model_card(ROOT / name)
    assert card.id == name
    assert compile_bounds(card.payload_schema)
    record = card.record(package_digest(ROOT / name))
    assert record.components == (f"fedpact.models.{name}.",)
    assert record.examples == card.examples != ()


@pytest.mark.parametrize(("name", "number"), EXAMPLES)
def test_an_example_renders_as_it_always_did(name: str, number: int) -> None:
    example = read_model_card(ROOT / name).examples[number]
    assert violations(example.payload, read_model_card(ROOT / name).payload_schema) == ()
    files = {path: json.loads(text) for path, text in rendered(name, example.payload).items()}
    assert files == json.loads((GOLDEN / f"{name}-{number}.json").read_text())


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_stays_data(text: str) -> None:
    clean, hostile = rendered("logreg", {"target": "x"}), rendered("logreg", {"target": text})
    assert {path: json.loads(body) for path, body in hostile.items()} == {
        path: json.loads(body.replace('"target": "x"', f'"target": {json.dumps(text)}')) for path, body in clean.items()
    }


@pytest.mark.parametrize("text", ["{$APH_DAL_TOKEN}", "${x}", "{", "a}", "\n", "\x00", "", "x" * 129])
@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("logreg", "target"),
        ("logreg", "features"),
        ("statistics", "columns"),
        ("linear", "target"),
        ("linear", "features"),
        ("cox", "time"),
        ("cox", "event"),
        ("cox", "features"),
    ],
)
def test_names_that_flare_would_expand_are_refused(name: str, member: str, text: str) -> None:
    value = [text] if member in ("features", "columns") else text
    assert not accepts(load_service(ROOT / name), {**EXAMPLE[name], member: value})


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("logreg", {"num_rounds": 0}),
        ("logreg", {"num_rounds": 101}),
        ("logreg", {"num_rounds": 5.0}),
        ("logreg", {"num_rounds": True}),
        ("logreg", {"num_rounds": "5"}),
        ("logreg", {"learning_rate": 0}),
        ("logreg", {"l2": -1}),
        ("logreg", {"features": ["a", "a"]}),
        ("logreg", {"features": ["target"]}),
        ("logreg", {"unknown": 1}),
        ("linear", {"target": "y", "features": ["a", "a"]}),
        ("linear", {"target": "y", "features": ["y"]}),
        ("linear", {"target": "y", "l2": -1}),
        ("linear", {}),
        ("cox", {"time": "t", "event": "t"}),
        ("cox", {"time": "t", "event": "e", "features": ["e"]}),
        ("cox", {"time": "t", "event": "e", "unit": 0}),
        ("cox", {"time": "t"}),
        ("statistics", {"functions": []}),
        ("statistics", {"functions": ["max"]}),
        ("statistics", {"functions": ["count", "count"]}),
        ("statistics", {"bins": 1}),
        ("statistics", {"ranges": [{"column": "a", "low": 1, "high": 1}]}),
        ("statistics", {"columns": ["b"], "ranges": [{"column": "a", "low": 0, "high": 1}]}),
        ("statistics", {"ranges": [{"column": "a", "low": 0, "high": 1}, {"column": "a", "low": 0, "high": 2}]}),
    ],
)
def test_payloads_outside_the_contract_are_refused(name: str, payload: dict) -> None:
    assert not accepts(load_service(ROOT / name), payload)


@pytest.mark.parametrize(
    ("name", "body"), [(name, body) for name in NAMES for body in ("", "{", "[]", "1", "null", "\x00")]
)
def test_a_body_that_is_no_object_is_refused_as_a_value(name: str, body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text for the sender will do
        load_service(ROOT / name).parse(body)


SCALARS = st.none() | st.booleans() | st.integers(-2, 2000) | st.floats(-1, 20) | st.text(max_size=3)
MEMBERS = {
    "logreg": ["num_rounds", "learning_rate", "local_epochs", "l2", "target", "features", "other"],
    "statistics": ["functions", "columns", "bins", "ranges", "other"],
    "linear": ["target", "features", "l2", "other"],
    "cox": ["time", "event", "features", "unit", "num_rounds", "l2", "other"],
}


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_allows_whatever_the_code_accepts(name: str) -> None:
    service, schema = load_service(ROOT / name), read_model_card(ROOT / name).payload_schema

    @given(st.dictionaries(st.sampled_from(MEMBERS[name]), SCALARS | st.lists(SCALARS, max_size=3)))
    def check(payload: dict) -> None:
        if accepts(service, payload):
            assert violations(payload, schema) == ()

    check()


@pytest.mark.parametrize("name", NAMES)
def test_a_job_may_only_use_the_models_own_classes(name: str) -> None:
    files = rendered(name, EXAMPLE[name])
    with pytest.raises(RenderedJobError, match="not among the model's components"):
        check_rendered(files, sites=SITES, components=("other.",))


def test_the_kit_is_the_same_in_every_model() -> None:
    kits = [
        {path.name: path.read_bytes() for path in (ROOT / name / f"src/fedpact/models/{name}/kit").glob("*.py")}
        for name in NAMES
    ]
    assert kits[0]
    assert all(kit == kits[0] for kit in kits)


@pytest.mark.parametrize("name", NAMES)
def test_the_image_holds_what_a_secure_runtime_looks_for(name: str) -> None:
    lines = (ROOT / name / "Dockerfile").read_text()
    assert "COPY secure_runtime/src /usr/secure_runtime/src" in lines
    assert "USER 3333:3333" in lines
    assert "WORKDIR /workspace" in lines


@pytest.mark.parametrize("name", NAMES)
def test_the_version_is_the_distributions(name: str) -> None:
    card = yaml.safe_load((ROOT / name / "model.yaml").read_text())
    assert f'version = "{card["version"]}"' in (ROOT / name / "pyproject.toml").read_text()
