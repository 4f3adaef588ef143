"""Who failed goes behind everybody else: the order in which what fails is tried again."""

from collections.abc import Collection, Sequence


class Turns:
    """Keys that failed when they were last tried, the longest ago first."""

    def __init__(self) -> None:
        self._failed: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._failed)

    def __contains__(self, key: str) -> bool:
        return key in self._failed

    def note(self, key: str, failure: Exception | None) -> None:
        """How the try ended."""
        self._failed.pop(key, None)
        if failure is not None:
            self._failed[key] = None

    def again(self, present: Collection[str]) -> Sequence[str]:
        """Whose turn it is among those; the others that failed are forgotten."""
        self._failed = {key: None for key in self._failed if key in present}
        return list(self._failed)
