"""A FLARE application as many are: an executor that trains on a table it finds under a path of its machine."""

from pathlib import Path

import numpy as np
from nvflare.apis.dxo import DXO, DataKind, MetaKey, from_shareable
from nvflare.apis.executor import Executor
from nvflare.apis.fl_constant import ReturnCode
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable, make_reply
from nvflare.apis.signal import Signal
from nvflare.app_common.np.constants import NPConstants


class NumpyTrainer(Executor):
    """Linear regression: moves the weights part of the way to what this site's own rows say."""

    def __init__(self, learning_rate: float, data_root: str) -> None:
        super().__init__()
        self._learning_rate = learning_rate
        self._data_root = data_root

    def execute(self, task_name: str, shareable: Shareable, fl_ctx: FLContext, abort_signal: Signal) -> Shareable:
        if task_name != "train":
            return make_reply(ReturnCode.TASK_UNKNOWN)
        if abort_signal.triggered:
            return make_reply(ReturnCode.TASK_ABORTED)
        table = np.loadtxt(Path(self._data_root) / f"{fl_ctx.get_identity_name()}.csv", delimiter=",", skiprows=1)
        self.log_info(fl_ctx, f"{len(table)} rows")
        weights = from_shareable(shareable).data[NPConstants.NUMPY_KEY]
        rows = np.column_stack([np.ones(len(table)), table[:, :-1]])
        best, *_ = np.linalg.lstsq(rows, table[:, -1], rcond=None)
        weights = weights + self._learning_rate * (best - weights)
        trained = DXO(data_kind=DataKind.WEIGHTS, data={NPConstants.NUMPY_KEY: weights})
        trained.set_meta_prop(MetaKey.NUM_STEPS_CURRENT_ROUND, len(rows))
        return trained.to_shareable()
