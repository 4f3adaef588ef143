"""The metrics a model writes while it runs: one JSON object a line, in the server's run folder."""

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from fedpact.gateway_agent.adapters.metric_teller import MARK
from fedpact.gateway_agent.app.doors import Round
from fedpact.gateway_agent.domain.pods import Place

FILE = Path("metrics") / "round_metrics.jsonl"
WORKSPACE = "workspace"
LONGEST = 1_000_000
MOST = 64
"""How many metrics of one round are passed on."""
LAST_ROUND = 2**53
"""Further nobody who reads JSON can count."""


@dataclass(frozen=True, slots=True)
class MetricFiles:
    """Read where FLARE runs the job: `<server kit>/<engine job>`."""

    async def rounds(self, server: Place, engine_job: str, after: int) -> tuple[Sequence[Round], int]:
        return await asyncio.to_thread(rounds_in, server.kit / engine_job / FILE, after)

    async def rest(self, results: Path, after: int) -> tuple[Sequence[Round], int]:
        return await asyncio.to_thread(rounds_in, run_folder(results) / FILE, after)


@dataclass(frozen=True, slots=True)
class MetricConsoles:
    """Read from the console of a server that runs with `metric_teller`."""

    async def rounds(self, server: Place, engine_job: str, after: int) -> tuple[Sequence[Round], int]:
        return await asyncio.to_thread(rounds_in, server.log, after, f"{MARK} {engine_job} ".encode())

    async def rest(self, results: Path, after: int) -> tuple[Sequence[Round], int]:  # noqa: ARG002
        """Nothing: a console outlives the job."""
        return [], after


def run_folder(folder: Path) -> Path:
    """Where the files of the server's run folder are, in what FLARE handed out."""
    return folder / WORKSPACE if (folder / WORKSPACE).is_dir() else folder


def rounds_in(path: Path, after: int, begin: bytes = b"") -> tuple[Sequence[Round], int]:
    """The lines that begin so, without that, and where to go on."""
    try:
        with path.open("rb") as file:
            file.seek(after)
            text = file.read(LONGEST)
    except OSError:
        return [], after
    whole = text[: text.rfind(b"\n") + 1] or (text if len(text) == LONGEST else b"")
    found = [_round(line.removeprefix(begin)) for line in whole.splitlines() if line.startswith(begin)]
    return [one for one in found if one], after + len(whole)


def _round(line: bytes) -> Round | None:
    """One line, or nothing when it is not what it should be: the model's code wrote it."""
    try:
        value: JsonValue = json.loads(line)
    except (ValueError, RecursionError):
        return None
    number = value.get("round") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(number, int) or abs(number) > LAST_ROUND:
        return None
    return Round(number=number, metrics=dict(list(_numbers(value).items())[:MOST]))


def _numbers(value: Mapping[str, JsonValue]) -> Mapping[str, float]:
    """The model's own format, or the one FLARE's own writer uses."""
    metrics = value.get("metrics") or value.get("aggregated_metrics") or {}
    if not isinstance(metrics, dict):
        return {}
    numbers = {name: _number(value) for name, value in metrics.items() if _is_text(name)}
    return {name: number for name, number in numbers.items() if number is not None}


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _is_text(name: str) -> bool:
    """JSON can spell halves of characters, which nobody can write down again."""
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False
