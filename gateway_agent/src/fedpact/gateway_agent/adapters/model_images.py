"""
Which image a model version runs from at this site, in a file of its operator: `{"<package digest>": "<image>"}`.

The package's digest is what a spec is pinned to, so an image that was made from another version is never taken for it.
Read anew each time: an operator adds a model without a restart.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from fedpact.contracts.pact import PinnedModel
from fedpact.gateway_agent.domain.errors import ModelMissingError

_IMAGES = TypeAdapter(dict[str, str])


@dataclass(frozen=True, slots=True)
class ModelImages:
    """The images that `file` names."""

    file: Path

    def of(self, model: PinnedModel) -> str:
        """The image of `model`. Raises `ModelMissingError`."""
        try:
            known = _IMAGES.validate_json(self.file.read_bytes())
        except (OSError, ValidationError) as error:
            text = "this site's list of model images cannot be read, so it runs no model: its operator has to mend it"
            raise ModelMissingError(text) from error
        if model.digest not in known:
            raise ModelMissingError(
                f"this site knows no image of model `{model.id}` `{model.version}` with digest `{model.digest}`; "
                "name one in its list of model images"
            )
        return known[model.digest]
