"""
A hub and two gateways between which there is one proxy, and a link that is cut for a minute, twice.

Needs namespaces of the network and takes minutes, so an ordinary run leaves it out: `just two-sites`.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netns
import pytest
from netns import HUB, HUB_ADDRESS, PROXY_ADDRESS, SITE, WAY, Sites
from two_sites import ENTRANCE, LOGIN, PROXY

SUPPORT = Path(__file__).resolve().parents[1] / "support"
CUT_SECONDS = 60.0
Json = dict[str, Any]

pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(why := netns.lacking()), reason=str(why))]


class Part:
    """A process somewhere. What it says is a line of JSON with a time and a text."""

    def __init__(self, argv: list[str], log: Path) -> None:
        self.said: list[Json] = []
        self._heard = threading.Condition()
        self._log = log.open("w")
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=self._log, text=True)
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._heard:
                self.said.append(json.loads(line))
                self._heard.notify_all()
        with self._heard:
            self._heard.notify_all()

    def until(self, text: str, seconds: float, *, after: float = 0.0) -> Json:
        """The first line that begins with `text`, said after that moment."""
        deadline = time.monotonic() + seconds
        with self._heard:
            while True:
                for line in self.said:
                    if line["text"].strip().startswith(text) and line["at"] >= after:
                        return line
                assert self.process.poll() is None, (
                    f"it ended before `{text}`: {[one['text'] for one in self.said[-3:]]}"
                )
                assert time.monotonic() < deadline, f"nobody said `{text}` in {seconds:.0f} s: {self.said[-3:]}"
                self._heard.wait(0.5)

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._listener.join()
        self.process.stdout.close()  # type: ignore[union-attr]
        self._log.close()


@contextmanager
def part(argv: list[str], log: Path) -> Iterator[Part]:
    running = Part(argv, log)
    try:
        yield running
    finally:
        running.end()


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Sites, Callable[[str], Part]]]:
    """Everything but the story, started and ready."""
    with ExitStack() as stack:
        sites = stack.enter_context(netns.sites())

        def run(name: str) -> Part:
            argv = [sys.executable, str(SUPPORT / "two_sites.py"), name, str(tmp_path / "federation")]
            place = SITE if name == "site" else HUB
            return stack.enter_context(part(sites.inside(place, argv), tmp_path / f"{name}.log"))

        run("hub").until("ready", 120)
        bus = json.loads((tmp_path / "federation" / "ports.json").read_text())["nats"]
        allowed = [f"{HUB_ADDRESS}:{port}" for port in (bus, ENTRANCE)]
        proxy = [sys.executable, str(SUPPORT / "connect_proxy.py"), PROXY_ADDRESS, str(PROXY), LOGIN, *allowed]
        stack.enter_context(part(sites.inside(WAY, proxy), tmp_path / "proxy.log"))
        yield sites, run


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A minute without the link, and how long after it everything was well again, in seconds."""

    mended: float
    bus: list[float]

    def told(self, line: Json) -> Json:
        return {"bus back": self.bus, "done": round(line["at"] - self.mended, 1)}


def unplugged(sites: Sites, site: Part) -> Cut:
    sites.cut()
    time.sleep(CUT_SECONDS)
    sites.mend()
    mended = time.monotonic()
    back = [site.until(f"gateway-{n} has the bus", 120, after=mended)["at"] - mended for n in (1, 2)]
    return Cut(mended=mended, bus=[round(seconds, 1) for seconds in back])


@pytest.mark.timeout(900)
def test_a_link_that_is_cut_for_a_minute_in_the_middle_loses_nothing(
    places: tuple[Sites, Callable[[str], Part]], capsys: pytest.CaptureFixture[str]
) -> None:
    sites, run = places
    site = run("site")
    site.until("ready", 120)
    story = run("story")
    story.until("moment statistics:activating", 240)
    activating = unplugged(sites, site).told(story.until("moment statistics:submitted", 240))
    story.until("moment logreg:submitted", 240)
    story.until("round 2", 60)
    training = unplugged(sites, site).told(story.until("logreg completed", 240))
    report = story.until("told", 120)["report"]
    facts = story.until("counted", 60)["facts"]
    figures = {"cut while activating": activating, "cut while training": training, "jobs": report["jobs"], **facts}
    with capsys.disabled():
        print(f"\n{json.dumps(figures, indent=1)}")
    assert [job["status"] for job in report["jobs"]] == ["completed", "completed"]
    assert not facts["gaps"]
    assert all(facts["told"][f"gateway-{n}"] > 0 for n in (1, 2))
