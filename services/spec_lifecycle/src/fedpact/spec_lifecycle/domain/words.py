"""Durations as people say them."""

from datetime import timedelta

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def spoken(span: timedelta) -> str:
    """`span` in its largest unit and the next: `13 h 5 min`."""
    left, parts = int(span.total_seconds()), []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        parts.append((count, name))
    first = next((place for place, (count, _) in enumerate(parts) if count), 0)
    return " ".join(f"{count} {name}" for count, name in parts[first : first + 2] if count) or "0 s"
