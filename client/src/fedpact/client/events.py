"""Server-sent events, read line by line. Pure: what a line of the stream means, given the lines before it."""

from dataclasses import dataclass, field

GAP = "fedpact.gap"
"""The type of an event that says: more was missed than is told again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One event as it came."""

    kind: str
    data: str


@dataclass(slots=True)
class Reader:
    """
    Makes frames of lines, and remembers where one can go on.

    A frame without data only moves `last_id`, which counts as soon as the frame is complete.
    """

    last_id: str = ""
    retry: float = 2.0
    _kind: str = ""
    _id: str | None = None
    _data: list[str] = field(default_factory=list)

    def feed(self, line: str) -> Frame | None:
        """The frame that this line (without its end) completes."""
        if not line:
            return self._complete()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                self._kind = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry = int(value) / 1000
        return None

    def restart(self) -> None:
        """Forget a frame that was cut off."""
        self._kind, self._id, self._data = "", None, []

    def _complete(self) -> Frame | None:
        frame = Frame(kind=self._kind or "message", data="\n".join(self._data)) if self._data else None
        self.last_id = self.last_id if self._id is None else self._id
        self.restart()
        return frame
