"""Keeps the model as `model.json`. It begins with none: the first workflow asks a site for the weights' shape."""

import json
from pathlib import Path

from nvflare.apis.fl_context import FLContext
from nvflare.app_common.abstract.model import ModelLearnable, ModelLearnableKey
from nvflare.app_common.abstract.model_persistor import ModelPersistor


class JsonPersistor(ModelPersistor):
    """Beside the job's other results."""

    def load_model(self, fl_ctx: FLContext) -> ModelLearnable:  # noqa: ARG002 - FLARE's signature
        return ModelLearnable()

    def save_model(self, model: ModelLearnable, fl_ctx: FLContext) -> None:
        folder = Path(fl_ctx.get_engine().get_workspace().get_run_dir(fl_ctx.get_job_id()))
        weights = model[ModelLearnableKey.WEIGHTS]["weights"]
        (folder / "model.json").write_text(json.dumps({"weights": weights.tolist()}) + "\n", encoding="utf-8")
