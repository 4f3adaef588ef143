"""A new model is the template under another name."""

from pathlib import Path

import pytest

from fedpact.model_tools.errors import NameTakenError, RunRequestError
from fedpact.model_tools.starting import TEMPLATE, begin
from fedpact.secure_runtime.adapters.package import read_model_card

KIT = Path(__file__).parents[3] / "models/logreg/src/fedpact/models/logreg/kit"


def test_a_new_model_has_its_own_name_everywhere(tmp_path: Path) -> None:
    made = begin("dose-response", tmp_path)
    card = read_model_card(made)
    assert (card.id, card.components) == ("dose-response", ("dose_response.",))
    assert (made / "src/dose_response/controller.py").is_file()
    texts = [path.read_text() for path in made.rglob("*") if path.is_file()]
    assert not any("my-model" in text or "my_model" in text for text in texts)


def test_it_holds_every_file_of_the_template_and_no_byte_code(tmp_path: Path) -> None:
    made = {
        path.relative_to(tmp_path / "my-model") for path in begin("my-model", tmp_path).rglob("*") if path.is_file()
    }
    template = {path.relative_to(TEMPLATE) for path in TEMPLATE.rglob("*") if path.is_file()}
    assert made == {path for path in template if "__pycache__" not in path.parts}


@pytest.mark.parametrize("name", ["", "My-Model", "1st", "a--b", "-a", "a-", "a_b", "a.b", "../a", "x" * 41])
def test_a_name_that_is_no_id_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunRequestError, match="cannot be a model's id"):
        begin(name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["numpy", "fedpact", "json", "nvflare"])
def test_a_name_that_would_hide_a_module_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(NameTakenError, match="would hide it"):
        begin(name, tmp_path)


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(NameTakenError, match="is there already"):
        begin("mine", tmp_path)
    assert not list((tmp_path / "mine").iterdir())


def test_the_templates_kit_is_that_of_the_shipped_models() -> None:
    def kit(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.glob("*.py")}

    assert kit(TEMPLATE / "src/my_model/kit") == kit(KIT) != {}
