"""Model packages in a folder of this site, `<folder>/<id>`, laid out as a model image is."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from fedpact.contracts.pact import PinnedModel
from fedpact.gateway_agent.adapters.model_images import ModelImages
from fedpact.gateway_agent.app.doors import LocalModel
from fedpact.gateway_agent.domain.errors import ModelMissingError
from fedpact.secure_runtime.adapters.package import package_digest, read_model_card
from fedpact.secure_runtime.domain.errors import PackageError


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """
    The packages in `folder`, with the image of each that `images` names, where workloads need one.

    The digest is computed anew each time: what was checked once may have changed.
    """

    folder: Path
    images: ModelImages | None = None

    async def find(self, model: PinnedModel) -> LocalModel:
        return await asyncio.to_thread(self._find, model)

    def _find(self, model: PinnedModel) -> LocalModel:
        root = (self.folder / model.id).resolve()
        try:
            card, digest = read_model_card(root), package_digest(root)
        except PackageError as error:
            text = f"model `{model.id}` cannot be used at this site: {error.reason}; install it there"
            raise ModelMissingError(text) from error
        if digest != model.digest:
            raise ModelMissingError(
                f"model `{model.id}` at this site is `{card.version}` with digest `{digest}`, the spec is pinned to "
                f"`{model.version}` with `{model.digest}`"
            )
        image = self.images.of(model) if self.images else ""
        return LocalModel(folder=root, code=root / "src", components=card.components, image=image)
