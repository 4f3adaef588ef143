"""`fedpact models check` finds what a site or the server would refuse, and says what to mend."""

from pathlib import Path

import pytest
from model_folders import begun

from fedpact.model_tools.checking import Verdict, examine

SERVICE = "secure_runtime/src/secure_runtime/secure_runtime_service.py"
SERVER = "secure_runtime/src/secure_runtime/templates/config_fed_server.json"
CLIENT = "secure_runtime/src/secure_runtime/templates/config_fed_client.json"
MODELS = Path(__file__).parents[3] / "models"

pytestmark = pytest.mark.timeout(300)


def wrong(root: Path) -> dict[str, str]:
    return {finding.subject: finding.text for finding in examine(root) if finding.verdict is Verdict.WRONG}


@pytest.mark.parametrize("name", sorted(path.parent.name for path in MODELS.glob("*/model.yaml")))
def test_every_shipped_model_passes(name: str) -> None:
    assert wrong(MODELS / name) == {}


def test_a_new_model_passes_every_check(tmp_path: Path) -> None:
    findings = examine(begun(tmp_path))
    assert [finding.subject for finding in findings if finding.verdict is Verdict.OK] == [
        "card", "layout", "schema", "templates", "renders", "refuses", "classes",
    ]  # fmt: skip


def test_a_folder_without_a_card_is_no_model(tmp_path: Path) -> None:
    assert "holds no `model.yaml`" in wrong(tmp_path)["card"]


@pytest.mark.parametrize(
    ("edit", "subject", "text"),
    [
        (("model.yaml", "version: 0.1.0", "version: one"), "card", "wrong at `version`"),
        (("model.yaml", "permissions: {}", "permision: {}"), "card", "wrong at `permision`"),
        (("pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"'), "layout", "they are one version"),
        (("model.yaml", "maxLength: 128", "pattern: a"), "schema", "pattern"),
        (("model.yaml", "num_rounds: 10}", "num_rounds: 1000}"), "schema", "not within `payload_schema`"),
        ((SERVER, '"training"', '"{training}"'), "templates", "holds braces in `{training}`"),
        ((CLIENT, '"format_version": 2,', '"format_version": 2,,'), "templates", "is not JSON"),
    ],
)
def test_what_is_read_and_wrong_is_told(tmp_path: Path, edit: tuple[str, str, str], subject: str, text: str) -> None:
    assert text in wrong(begun(tmp_path, edit))[subject]


def test_code_among_the_templates_is_told(tmp_path: Path) -> None:
    made = begun(tmp_path)
    (made / CLIENT).with_name("hook.py").write_text("")
    assert "`templates/hook.py` is no JSON template" in wrong(made)["templates"]


@pytest.mark.parametrize(
    ("edit", "subject", "text"),
    [
        ((SERVICE, "import json\n", "import json\nimport nothing_of_that_name\n"), "code", "nothing_of_that_name"),
        ((SERVICE, '"min_clients": gateways,', '"min_clients": gateways, "salt": hash("x"),'), "renders", "take out chance"),
        ((SERVICE, 'server["workflows"]', 'server["nothing"]'), "renders", "KeyError: 'nothing' (File"),
        ((SERVER, "mine.controller.MyController", "os.system"), "renders", "not among the model's components"),
        ((SERVICE, 'extra="forbid"', 'extra="ignore"'), "refuses", "forbids `no-such-member` = 1, and the code takes it"),
        ((SERVICE, "ge=1, le=100", "ge=1"), "refuses", "forbids `num_rounds` = 101"),
        ((SERVICE, "    return _READER.validate_json(body)", "    read = json.loads(body)\n    return Payload(target=read['target'] + '', **{k: v for k, v in read.items() if k != 'target'})"), "refuses", "should end in a ValueError"),
        ((CLIENT, "mine.executor.MyExecutor", "mine.executor.YourExecutor"), "classes", "`mine.executor.YourExecutor` is no class"),
        (("src/mine/controller.py", "num_rounds: int, steps", "steps"), "classes", "does not take the arguments"),
        (("src/mine/executor.py", "    def answer(", "    def answers("), "classes", "is abstract: answer is not written"),
        (("src/mine/executor.py", "import numpy as np\n", "import numpyy as np\n"), "classes", "cannot be imported: ModuleNotFoundError"),
    ],
)  # fmt: skip
def test_what_shows_only_when_it_runs_is_told(
    tmp_path: Path, edit: tuple[str, str, str], subject: str, text: str
) -> None:
    found = wrong(begun(tmp_path, edit))
    assert text in found[subject], found
