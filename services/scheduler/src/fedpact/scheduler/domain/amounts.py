"""
Capacity in whole numbers: thousandths of a core, devices, megabytes.

Sums of floats drift; a ledger that adds and takes away for years must not. A gateway counts by the same rule
(`contracts.pact`): what is placed here has room there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from fedpact.contracts.pact import MILLI, Resources, cpu_allotted, cpu_needed
from fedpact.contracts.scheduling import Shortfall


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much of each resource. Never negative."""

    cpu: int = 0
    """Thousandths of a core."""
    gpu: int = 0
    memory: int = 0
    """Megabytes."""

    @classmethod
    def needed(cls, resources: Resources) -> Self:
        """What a process that asks for `resources` takes."""
        return cls(cpu=cpu_needed(resources.cpu), gpu=resources.gpu, memory=resources.memory)

    @classmethod
    def allotted(cls, resources: Resources) -> Self:
        """What a site that announces `resources` gives."""
        return cls(cpu=cpu_allotted(resources.cpu), gpu=resources.gpu, memory=resources.memory)

    def resources(self) -> Resources:
        """The same as a contract value."""
        return Resources(cpu=self.cpu / MILLI, gpu=self.gpu, memory=self.memory)

    def plus(self, other: "Amount") -> "Amount":
        return Amount(cpu=self.cpu + other.cpu, gpu=self.gpu + other.gpu, memory=self.memory + other.memory)

    def less(self, other: "Amount") -> "Amount":
        """What is left without `other`; nothing rather than a debt."""
        return Amount(
            cpu=max(0, self.cpu - other.cpu),
            gpu=max(0, self.gpu - other.gpu),
            memory=max(0, self.memory - other.memory),
        )

    def covers(self, other: "Amount") -> bool:
        return self.cpu >= other.cpu and self.gpu >= other.gpu and self.memory >= other.memory


NOTHING = Amount()
Amounts = Mapping[str, Amount]
"""Site -> amount."""


def covers(available: Amounts, needs: Amounts) -> bool:
    """Whether every site has what is needed there."""
    return all(available.get(site, NOTHING).covers(need) for site, need in needs.items())


def less(available: Amounts, taken: Amounts) -> Amounts:
    """What is left at every site without `taken`."""
    return {site: amount.less(taken.get(site, NOTHING)) for site, amount in available.items()}


def shortfalls(available: Amounts, needs: Amounts) -> tuple[Shortfall, ...]:
    """Everything that is missing, with the numbers, by site."""
    return tuple(
        missing
        for site, need in sorted(needs.items())
        for missing in _missing(site, available.get(site, NOTHING), need)
    )


def _missing(site: str, available: Amount, need: Amount) -> list[Shortfall]:
    rows = (
        ("cpu", need.cpu / MILLI, available.cpu / MILLI),
        ("gpu", need.gpu, available.gpu),
        ("memory", need.memory, available.memory),
    )
    return [
        Shortfall(site=site, resource=name, wanted=wanted, available=has) for name, wanted, has in rows if wanted > has
    ]
