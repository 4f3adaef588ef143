"""What a launcher knows of a workload that does not do its work, in the words the site reports it with."""

from dataclasses import dataclass

from fedpact.contracts.workloads import Cause, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """
    `phase` is what to report: waiting for resources, starting for longer than hoped, or failed for good.

    `message` is for a person at the site or the hub: it names what is missing, and holds nothing of the workload's own
    output.
    """

    phase: Phase
    cause: Cause
    message: str


def out_of_memory(megabytes: int) -> Trouble:
    """It was killed at its limit."""
    text = f"it needed more than the {megabytes} MB that the spec reserves; reserve more"
    return Trouble(phase=Phase.FAILED, cause=Cause.RESOURCES, message=text)


def not_ready(what: str) -> Trouble:
    """It runs and does not answer yet."""
    return Trouble(phase=Phase.STARTING, cause=Cause.NOT_READY, message=what)
