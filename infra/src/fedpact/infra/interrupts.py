"""How a command that has to clean up is told to end: once, whichever way it is told."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TOLD_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def once() -> Iterator[None]:
    """
    Ctrl-C, SIGTERM and a terminal that closes are one `KeyboardInterrupt` here, and what follows is not heard.

    So nobody who is impatient ends the cleaning up. What the caller has ignored, as `nohup` does, stays so.
    """
    heard = [number for number in TOLD_BY if signal.getsignal(number) is not signal.SIG_IGN]

    def end(number: int, frame: FrameType | None) -> None:
        for other in heard:
            signal.signal(other, signal.SIG_IGN)
        signal.default_int_handler(number, frame)

    before = {number: signal.signal(number, end) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
