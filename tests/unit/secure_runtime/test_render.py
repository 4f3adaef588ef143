"""The order of one rendering, and whose word reaches the sender."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel

from fedpact.secure_runtime.adapters.bounds import check_bounds
from fedpact.secure_runtime.app.ports import RenderRequest, Violation
from fedpact.secure_runtime.app.render import Renderer
from fedpact.secure_runtime.domain.errors import (
    MalformedRequestError,
    ModelFaultError,
    PayloadInvalidError,
    PayloadOutOfBoundsError,
)
from fedpact.secure_runtime.domain.files import FileLimits


class Strict(BaseModel):
    rounds: int


@dataclass
class Recorder:
    """A model that writes down what it is asked and fails where it is told to."""

    fails: dict[str, Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def _step(self, name: str) -> None:
        self.asked.append(name)
        if name in self.fails:
            raise self.fails[name]

    def parse(self, body: str) -> object:
        self._step("parse")
        return body

    def validate(self, payload: object) -> None:
        self._step("validate")

    def template(self, payload: object, dataset2gw: Mapping[str, str]) -> object:
        self._step("template")
        return {"meta.json": {"payload": payload, "gateways": sorted(dataset2gw.values())}}


def renderer(model: Recorder, check=check_bounds) -> Renderer:
    return Renderer(model=model, check=check, limits=FileLimits())


def test_bounds_come_before_any_code_of_the_model() -> None:
    model = Recorder()
    bounds = {"type": "object", "properties": {"rounds": {"type": "integer", "maximum": 3}}}
    with pytest.raises(PayloadOutOfBoundsError) as refused:
        renderer(model).render(RenderRequest(payload={"rounds": 4}, bounds=(bounds,)))
    assert refused.value.path == "rounds"
    assert model.asked == []


def test_every_custodians_bounds_count() -> None:
    seen: list[object] = []

    def check(payload, bounds) -> list[Violation]:
        seen.append(bounds)
        return [Violation(path="", reason="no")] if bounds == {"b": 1} else []

    with pytest.raises(PayloadOutOfBoundsError):
        renderer(Recorder(), check).render(RenderRequest(payload={}, bounds=({"a": 1}, {"b": 1})))
    assert seen == [{"a": 1}, {"b": 1}]


def test_bounds_that_cannot_be_read_allow_nothing() -> None:
    with pytest.raises(MalformedRequestError):
        renderer(Recorder()).render(RenderRequest(payload={}, bounds=({"pattern": "x"},)))


def test_parse_validate_and_template_follow_each_other() -> None:
    model = Recorder()
    files = renderer(model).render(RenderRequest(payload={}, dataset2gw={"d": "g"}))
    assert model.asked == ["parse", "validate", "template"]
    assert set(files) == {"meta.json"}


@pytest.mark.parametrize("step", ["parse", "validate"])
def test_what_the_model_says_of_a_payload_reaches_its_sender(step: str) -> None:
    with pytest.raises(PayloadInvalidError, match="too many rounds"):
        renderer(Recorder(fails={step: ValueError("too many rounds")})).render(RenderRequest(payload={}))


def test_a_pydantic_refusal_names_the_member() -> None:
    try:
        Strict.model_validate({"rounds": "x"})
    except ValueError as failure:
        said = failure
    with pytest.raises(PayloadInvalidError) as refused:
        renderer(Recorder(fails={"parse": said})).render(RenderRequest(payload={}))
    assert refused.value.path == "rounds"
    assert "`rounds`" in refused.value.reason


def test_the_payload_arrives_as_json_text() -> None:
    files = renderer(Recorder()).render(RenderRequest(payload={"a": '"}],{$X}', "b": [1.5, None]}))
    assert "{$X}" in files["meta.json"]


def test_a_decoding_error_is_the_models_fault() -> None:
    with pytest.raises(ModelFaultError, match="UnicodeDecodeError"):
        renderer(Recorder(fails={"parse": UnicodeDecodeError("utf-8", b"secret", 0, 1, "x")})).render(
            RenderRequest(payload={})
        )
