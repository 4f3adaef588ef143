"""
How things are measured here: ours beside a reference, in one run, in turn, by medians.

Times of a machine that others use as well say little; the ratio of two medians taken in turn says much more. Where
the reference itself is unsteady (its slowest round more than twice its fastest) nothing is claimed and the run fails.
A virtual machine is told how much processor time its host gave to others; a round that lost more than one part in a
hundred says nothing of what it measured (a p99 is decided by that much), is told as disturbed and runs again, of
whichever side it is, after a pause. That is done so often and no oftener; after that, rounds count as they are.
A run prints a table and one verdict in its last line, and ends with 1 when a limit is missed.
"""

import argparse
import asyncio
import signal
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import psutil

SPREAD = 2.0
ROUNDS = 5
LOST = 0.01
"""The share of the processors' time that a round may lose to others."""
AGAIN, PAUSE = 20, 15.0
"""How often disturbed rounds of one comparison run again, and the seconds before each."""
Sample = Mapping[str, float]
"""What one round found: name of the measure -> value."""
Round = Callable[[], Awaitable[Sample]]


@dataclass(frozen=True, slots=True)
class Processors:
    """Processor seconds of this machine since it began: all of them, and those its host gave to others."""

    whole: float
    stolen: float

    def lost_since(self, before: "Processors") -> float:
        """The share that was lost, from 0 to 1."""
        return (self.stolen - before.stolen) / max(self.whole - before.whole, 1e-9)


def processors() -> Processors:
    """As the kernel counts them; a system that cannot tell says that nothing was lost."""
    times = psutil.cpu_times()
    return Processors(sum(times), getattr(times, "steal", 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What ours may be, given the medians of the reference and of ours."""

    text: str
    holds: Callable[[float, float], bool]


def at_most(bound: float, unit: str) -> Limit:
    """An absolute upper bound; the reference is only there to be compared with."""
    return Limit(text=f"<= {bound:g} {unit}", holds=lambda _, ours: ours <= bound)


def at_most_times(factor: float) -> Limit:
    """A multiple of the reference."""
    return Limit(text=f"<= {factor:g} x", holds=lambda reference, ours: ours <= factor * reference)


def at_least_times(factor: float) -> Limit:
    """A fraction of the reference, for throughputs."""
    return Limit(text=f">= {factor:g} x", holds=lambda reference, ours: ours >= factor * reference)


def at_most_more(share: float, seconds: float) -> Limit:
    """The reference and a bit: a share of it or so many seconds, whichever is more."""
    text = f"<= + max({share:.0%}, {seconds:g} s)"
    return Limit(text=text, holds=lambda reference, ours: ours <= reference + max(share * reference, seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One thing measured in both. Without a limit it is told and not judged."""

    name: str
    unit: str
    limit: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A measure with what the rounds said."""

    measure: Measure
    reference: tuple[float, ...]
    ours: tuple[float, ...]

    @property
    def spread(self) -> float:
        """The reference's slowest round over its fastest."""
        return max(self.reference) / min(self.reference)

    def fault(self) -> str | None:
        """Why this fails, or `None`."""
        limit = self.measure.limit
        if limit is None:
            return None
        if self.spread > SPREAD:
            return f"{self.measure.name}: the reference varied by {self.spread:.1f} x, so nothing can be said"
        reference, ours = statistics.median(self.reference), statistics.median(self.ours)
        if not limit.holds(reference, ours):
            unit = self.measure.unit
            return f"{self.measure.name}: {ours:.4g} {unit} beside {reference:.4g} {unit}, limit {limit.text}"
        return None


@dataclass(slots=True)
class Rounds:
    """Runs rounds, and those again that were disturbed: `again` times at most, each after `pause` seconds."""

    look: Callable[[], Processors] = processors
    again: int = AGAIN
    pause: float = PAUSE

    async def run(self, who: str, turn: Round) -> Sample:
        """What `turn` found when it lost little, or when nothing may run again any more."""
        while True:
            before = self.look()
            sample = await turn()
            lost = self.look().lost_since(before)
            print(f"{who} {_said(sample, lost)}", flush=True)
            if lost <= LOST or not self.again:
                return sample
            self.again -= 1
            await asyncio.sleep(self.pause)


def _said(sample: Sample, lost: float) -> str:
    found = "  ".join(f"{name} {value:.4g}" for name, value in sample.items())
    return found if lost <= LOST else f"{found}  disturbed: {lost:.1%} of the processors lost"


async def alternate(
    reference: Round, ours: Round, *, rounds: int, turns: Rounds | None = None
) -> tuple[list[Sample], list[Sample]]:
    """Both in turn, after one round each that does not count; who begins alternates too."""
    found: dict[bool, list[Sample]] = {False: [], True: []}
    turns = turns or Rounds()
    for number in range(rounds + 1):
        counts = f"round {number}" if number else "warm-up"
        for mine in (False, True) if number % 2 == 0 else (True, False):
            who = f"{counts:8} {'ours' if mine else 'reference':10}"
            sample = await turns.run(who, ours if mine else reference)
            if number:
                found[mine].append(sample)
    return found[False], found[True]


def findings(measures: Sequence[Measure], reference: Sequence[Sample], ours: Sequence[Sample]) -> list[Finding]:
    """The samples by measure."""
    return [
        Finding(measure=m, reference=tuple(s[m.name] for s in reference), ours=tuple(s[m.name] for s in ours))
        for m in measures
    ]


def conclude(title: str, found: Sequence[Finding]) -> int:
    """Print the table and, last, the verdict; the process's exit code."""
    print(f"\n{'measure':34} {'reference':>12} {'spread':>7} {'ours':>12} {'ratio':>8}  {'limit':22} verdict")
    for finding in found:
        print(_line(finding))
    faults = [fault for finding in found if (fault := finding.fault())]
    print(f"bench {title}: " + (f"FAILED: {'; '.join(faults)}" if faults else "within every limit"))
    return 1 if faults else 0


def _line(finding: Finding) -> str:
    measure = finding.measure
    reference, ours = statistics.median(finding.reference), statistics.median(finding.ours)
    limit = measure.limit.text if measure.limit else "(told, not judged)"
    verdict = ("FAILED" if finding.fault() else "ok") if measure.limit else ""
    numbers = f"{_told(reference, measure):>12} {finding.spread:6.2f}x {_told(ours, measure):>12}"
    return f"{measure.name:34} {numbers} {ours / reference:7.2f}x  {limit:22} {verdict}"


def _told(value: float, measure: Measure) -> str:
    return f"{value:.4g} {measure.unit}"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def rounds_asked(about: str) -> int:
    """`--rounds` of the command line, five unless given."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of each that count")
    return int(parser.parse_args().rounds)


def carry_out(work: Callable[[], Awaitable[int]]) -> int:
    """Run `work`; a SIGTERM ends it as Ctrl-C does, so that what it started is stopped."""

    async def main() -> int:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work()

    return asyncio.run(main())
