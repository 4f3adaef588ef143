"""Logistic regression with numpy: what the tutorial leaves to its reader."""

import tempfile
from pathlib import Path

import numpy as np
from nvflare.apis.dxo import DXO, DataKind, MetaKey, from_shareable
from nvflare.apis.executor import Executor
from nvflare.apis.fl_constant import ReturnCode
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable, make_reply
from nvflare.apis.signal import Signal

from .dal import DALException, DALSettings, asked, download

EPOCHS = 20


class TutorialTrainer(Executor):
    """One site. Its data is read once, from the data access layer."""

    def __init__(self, optimizer: str, learning_rate: float) -> None:
        super().__init__()
        self._optimizer, self._learning_rate = optimizer, learning_rate
        self._table: np.ndarray | None = None

    def execute(self, task_name: str, shareable: Shareable, fl_ctx: FLContext, abort_signal: Signal) -> Shareable:
        if abort_signal.triggered:
            return make_reply(ReturnCode.TASK_ABORTED)
        if self._table is None:
            self._table = read_table()
            self.log_info(fl_ctx, f"{len(self._table)} rows")
        rows = standardised(self._table[:, :-1])
        weights = np.zeros(rows.shape[1])
        if task_name == "train":
            weights = from_shareable(shareable).data["weights"]
            weights = trained(weights, rows, self._table[:, -1], self._optimizer, self._learning_rate)
        answer = DXO(data_kind=DataKind.WEIGHTS, data={"weights": weights})
        answer.set_meta_prop(MetaKey.NUM_STEPS_CURRENT_ROUND, len(rows))
        return answer.to_shareable()


def read_table() -> np.ndarray:
    """All rows of all datasets, if their policies let this model explore them."""
    cfg = DALSettings()
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for dataset, ds_path in sorted(cfg.data.items()):
            if not asked(ds_path, cfg, "policies").json()["permissions"].get("explore", True):
                raise DALException(f"the policy of `{dataset}` does not allow it to be explored")
            files += download(ds_path, Path(folder) / dataset, cfg)
        return np.vstack([np.loadtxt(path, delimiter=",", skiprows=1) for path in files])


def standardised(rows: np.ndarray) -> np.ndarray:
    """The site's own standardisation, with a column of ones before it."""
    return np.column_stack([np.ones(len(rows)), (rows - rows.mean(axis=0)) / rows.std(axis=0)])


def trained(weights: np.ndarray, rows: np.ndarray, target: np.ndarray, optimizer: str, rate: float) -> np.ndarray:
    """The weights after some epochs with `adam` or `sgd`."""
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for epoch in range(1, EPOCHS + 1):
        gradient = rows.T @ (1 / (1 + np.exp(-rows @ weights)) - target) / len(target)
        if optimizer == "adam":
            first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
            gradient = first / (1 - 0.9**epoch) / (np.sqrt(second / (1 - 0.999**epoch)) + 1e-8)
        weights = weights - rate * gradient
    return weights
