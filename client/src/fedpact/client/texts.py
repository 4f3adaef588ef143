"""Texts of other people, made harmless for where they are shown."""

_BIDI = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)))


def clean(text: str) -> str:
    """`text` without what a terminal would obey."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _obeyed(char) else char for char in text)


def _obeyed(char: str) -> bool:
    return (char < " " and char not in "\n\t") or "\x7f" <= char <= "\x9f" or char in _BIDI
