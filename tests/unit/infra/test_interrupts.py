"""A command that is broken off: told once, and no key is left of what it made."""

import signal
from pathlib import Path

import pytest

from fedpact.infra import interrupts
from fedpact.infra.demo import cleared
from fedpact.infra.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "fedpact-demo-x")
    layout.make()
    (layout.secrets / "owner.pem").touch()
    (layout.logs / "up.log").touch()
    layout.running.touch()
    return layout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_way_of_ending_is_heard_once_and_never_while_clearing_up(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def broken_off() -> None:
        try:
            signal.raise_signal(number)
        finally:
            for again in interrupts.TOLD_BY:
                signal.raise_signal(again)

    with pytest.raises(KeyboardInterrupt), interrupts.once():
        broken_off()
    assert signal.getsignal(number) is before


def test_what_the_caller_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts.once():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_demo_that_is_broken_off_leaves_no_folder(layout: Layout) -> None:
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt), cleared(layout, said.append, ours=True):
        raise KeyboardInterrupt
    assert (layout.root.exists(), said) == (
        False,
        ["broken off: every process is ended, and the folder with its keys is removed"],
    )


def test_a_demo_that_failed_leaves_its_logs_and_no_key(layout: Layout) -> None:
    said: list[str] = []
    with pytest.raises(RuntimeError), cleared(layout, said.append, ours=True):
        raise RuntimeError
    assert [path.name for path in layout.root.rglob("*")] == ["logs", "up.log"]
    assert said == [f"broken off: every process is ended; in {layout.root} stays logs"]


def test_a_folder_that_somebody_named_stays_as_it_is(layout: Layout) -> None:
    with pytest.raises(KeyboardInterrupt), cleared(layout, lambda _: None, ours=False):
        raise KeyboardInterrupt
    assert (layout.secrets / "owner.pem").exists()
