"""What is in the built images, and what is not. They are looked at as they are: `just images` makes them."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from engine import image_lacks, inside, inspected

pytestmark = pytest.mark.containers
ROOT = Path(__file__).resolve().parents[3]
VERSION = "0.1.0"
MEGABYTE = 10**6
SERVICES = (
    "identity",
    "registry",
    "policy",
    "spec-lifecycle",
    "scheduler",
    "jobs",
    "portal",
    "dal-service",
    "entrance",
)
PROGRAMS = (*SERVICES, "gateway-agent", "infra")
MODELS = ("model-statistics", "model-logreg", "model-linear", "model-cox")
FOUNDATION = {"fedpact-contracts", "fedpact-chassis", "fedpact-decision"}
FLARE = {"nvflare", "numpy", "grpcio", "flask"}
LISTING = """
import json
from importlib import metadata
print(json.dumps([one.metadata["Name"].lower() for one in metadata.distributions()]))
"""
TOOLS = """
import importlib.util, json, shutil
programs = [name for name in ("pip", "pip3", "gcc", "cc", "make", "git", "curl", "wget", "uv") if shutil.which(name)]
print(json.dumps(programs + [name for name in ("pip", "setuptools", "ensurepip") if importlib.util.find_spec(name)]))
"""


@pytest.fixture(params=[*PROGRAMS, *MODELS])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def image(name: str) -> str:
    reference = f"fedpact/{name}:{VERSION}"
    if lacking := image_lacks(reference, f"just images {name}"):
        pytest.skip(lacking)
    return reference


def config(reference: str) -> Mapping[str, object]:
    said: Mapping[str, object] = inspected(reference)["Config"]
    return said


def installed(reference: str) -> set[str]:
    return set(json.loads(inside(reference, "python3", "-c", LISTING)))


def added(reference: str) -> float:
    """Megabytes on top of the base that its label names."""
    base = config(reference)["Labels"]["org.opencontainers.image.base.name"]  # type: ignore[index]
    return (inspected(reference)["Size"] - inspected(base)["Size"]) / MEGABYTE


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_adds_at_most_120_megabytes_to_its_base(name: str) -> None:
    assert added(image(name)) <= 120


def test_the_agent_adds_at_most_300_megabytes() -> None:
    assert added(image("gateway-agent")) <= 300


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_holds_itself_and_the_foundation_alone(name: str) -> None:
    found = installed(image(name))
    ours = {one for one in found if one.startswith("fedpact-")}
    assert {f"fedpact-{name}", "fedpact-contracts", "fedpact-chassis"} <= ours
    assert ours <= {f"fedpact-{name}", *FOUNDATION}
    assert not found & FLARE


@pytest.mark.parametrize("name", MODELS)
def test_a_model_holds_none_of_the_services(name: str) -> None:
    found = installed(image(name))
    assert {one for one in found if one.startswith("fedpact-")} == {f"fedpact-{name}"}
    assert "nvflare" in found


def test_nothing_is_left_that_builds_or_fetches(name: str) -> None:
    assert json.loads(inside(image(name), "python3", "-c", TOOLS)) == []


def test_python_finds_its_library_compiled(name: str) -> None:
    asked = "import asyncio, json, os; print([os.path.exists(one.__cached__) for one in (asyncio, json)])"
    assert inside(image(name), "python3", "-c", asked).strip() == "[True, True]"


def test_it_runs_as_a_number_that_is_not_root(name: str) -> None:
    reference = image(name)
    expected = "3333:3333" if name in MODELS else "65532:65532"
    assert config(reference)["User"] == expected
    script = "import os; print(f'{os.getuid()}:{os.getgid()}')"
    assert inside(reference, "python3", "-c", script).strip() == expected


def test_the_labels_say_what_it_is_and_of_which_commit(name: str) -> None:
    labels = config(image(name))["Labels"]
    assert isinstance(labels, dict)
    told = {key.removeprefix("org.opencontainers.image."): value for key, value in labels.items()}
    assert (told["title"], told["version"]) == (f"fedpact-{name}", VERSION)
    assert len(told["revision"]) == 40
    assert told["licenses"] == "Apache-2.0"


@pytest.mark.parametrize("name", [*SERVICES, "gateway-agent"])
def test_a_service_is_asked_whether_it_is_ready(name: str) -> None:
    assert "healthy.py" in str(config(image(name))["Healthcheck"])


@pytest.mark.parametrize("name", [*SERVICES, "gateway-agent"])
def test_a_service_loads_with_nothing_to_write_to(name: str) -> None:
    package = name.replace("-", "_")
    loads = f"import fedpact.{package}.main, os; print(os.access('/', os.W_OK))"
    assert inside(image(name), "python3", "-c", loads).strip() == "False"


def test_the_bill_of_materials_is_of_what_is_inside(name: str) -> None:
    reference = image(name)
    said = json.loads(inside(reference, "cat", "/opt/fedpact/sbom.cdx.json"))
    parts = [said["metadata"]["component"], *said["components"]]
    listed = {part["name"] for part in parts if str(part.get("purl", "")).startswith("pkg:pypi/")}
    assert listed == {one.replace("_", "-").replace(".", "-") for one in installed(reference)}
    assert any(part.get("purl", "").startswith("pkg:deb/") for part in parts)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_image_has_everything_where_a_gateway_looks_for_it(name: str) -> None:
    reference, model = image(name), name.removeprefix("model-")
    assert config(reference)["WorkingDir"] == "/workspace"
    script = f"""
import pathlib, sys, fedpact.models.{model}, nvflare
runtime = pathlib.Path("/usr/secure_runtime")
assert sys.executable == "/usr/local/bin/python3", sys.executable
assert (runtime / "src/secure_runtime/secure_runtime_service.py").is_file()
assert (runtime / "src/secure_runtime/templates/meta.json").is_file()
print((runtime / "model.yaml").read_text())
"""
    assert f"id: {model}" in inside(reference, "/usr/local/bin/python3", "-c", script)
    assert inside(reference, "touch", "/workspace/written", read_only=False) == ""
