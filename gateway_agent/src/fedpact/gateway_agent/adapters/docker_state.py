"""What an engine says of a container, as an observation of ours. Pure: documents in, values out."""

from collections.abc import Mapping
from typing import Any

from fedpact.gateway_agent.app.ports import Life, Observed, Ref
from fedpact.gateway_agent.domain import troubles
from fedpact.gateway_agent.domain.containers import MEMORY
from fedpact.gateway_agent.domain.marks import kind_of, name_in
from fedpact.gateway_agent.domain.pods import PodName
from fedpact.gateway_agent.domain.troubles import Trouble

Told = Mapping[str, Any]
"""As the engine answers: JSON."""
ENDED = ("exited", "dead")
SHORT_ID = 12
NO_SIGNAL = 128
SIGNALLED = range(129, 129 + 64)


def observed(told: Told) -> Observed | None:
    """The workload that a container is; none of a container that is not one of ours."""
    name = name_in(told["Config"]["Labels"] or {})
    if name is None:
        return None
    state = told["State"]
    ended = state["Status"] in ENDED
    running = not ended and state["Status"] != "created"
    return Observed(
        ref=Ref(name=name, handle=short_id(told["Id"])),
        kind=kind_of(name),
        life=Life.RUNNING if running else Life.EXITED,
        exit_code=_code(state) if ended else None,
        out_of_memory=ended and bool(state["OOMKilled"]),
        trouble=_trouble(told) if ended else None,
    )


def left_over(name: PodName) -> Observed:
    """A workload of which there is something, but no container."""
    return Observed(ref=Ref(name=name), kind=kind_of(name), life=Life.EXITED)


def short_id(long: str) -> str:
    return long[:SHORT_ID]


def _code(state: Told) -> int:
    """The engine tells a signal as shells do, by 128 and its number."""
    code = int(state["ExitCode"])
    return NO_SIGNAL - code if code in SIGNALLED else code


def _trouble(told: Told) -> Trouble | None:
    """Why it ended, where the engine knows better than the exit code."""
    if not told["State"]["OOMKilled"]:
        return None
    return troubles.out_of_memory(int(told["Config"]["Labels"].get(MEMORY, "0")))
