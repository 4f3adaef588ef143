"""What does not fit a model is told by its member and a sentence."""

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from fedpact.contracts.mistakes import first_misfit, misfits


class Rounds(BaseModel):
    model_config = ConfigDict(extra="forbid")

    each: tuple[int, ...] = ()

    @field_validator("each")
    @classmethod
    def _few(cls, given: tuple[int, ...]) -> tuple[int, ...]:
        if len(given) > 2:
            raise ValueError("At most two GPUs")
        return given


class Job(BaseModel):
    rounds: Rounds

    @model_validator(mode="after")
    def _some(self) -> "Job":
        if not self.rounds.each:
            raise ValueError("nothing is to be done")
        return self


@pytest.mark.parametrize(
    ("given", "path", "text"),
    [
        ({"rounds": {"each": [1, "x"]}}, "rounds.each.1", "input should be a valid integer"),
        ({"rounds": {"each": [1, 2, 3]}}, "rounds.each", "at most two GPUs"),
        ({"rounds": {"of": 1}}, "rounds.of", "extra inputs are not permitted"),
        ({"rounds": {}}, "", "nothing is to be done"),
        ({}, "rounds", "field required"),
    ],
)
def test_a_misfit_is_a_member_and_a_sentence(given: object, path: str, text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Job.model_validate(given)
    first = first_misfit(caught.value)
    assert first.path == path
    assert first.text.startswith(text)


def test_all_are_told_and_nothing_of_what_was_given() -> None:
    with pytest.raises(ValidationError) as caught:
        Rounds.model_validate({"each": ["s3cret"], "of": "s3cret"})
    assert [one.path for one in misfits(caught.value)] == ["each.0", "of"]
    assert "s3cret" not in str(misfits(caught.value))
