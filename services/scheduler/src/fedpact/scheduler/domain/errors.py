"""
What can go wrong in the scheduler.

It takes no commands, so there is nobody to refuse: lack of capacity is an answer (`GangRefused`, `SpecAssessed`).

* SchedulerError
  - UnexpectedFactError  the ledger was handed a fact it does not know: the code is wrong, nothing is changed
"""

from fedpact.contracts.envelope import Fact


class SchedulerError(Exception):
    """Anything the scheduler can tell went wrong."""


class UnexpectedFactError(SchedulerError):
    """The ledger was handed a fact it does not know."""

    def __init__(self, fact: Fact) -> None:
        super().__init__(f"the ledger cannot count with `{fact.type}`")
