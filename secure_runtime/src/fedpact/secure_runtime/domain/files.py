"""
What a model's `template` may return: relative file names with text or JSON.

The seeds say text, model authors return dictionaries; both become text here. A name is one that means the same
file everywhere, so nothing can climb out of the job folder.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from fedpact.secure_runtime.domain.errors import ModelFaultError, RenderLimitError

_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
_NAME = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{0,7}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLimits:
    """How much one rendering may bring out."""

    files: int = 16
    size: int = 1_000_000


def job_files(raw: object, limits: FileLimits) -> dict[str, str]:
    """The files of a job as text, or why `raw` is none. Applying it to its own answer changes nothing."""
    if not isinstance(raw, Mapping):
        raise ModelFaultError(f"the model's `template` returned `{type(raw).__name__}`, not a dictionary of files")
    if len(raw) > limits.files:
        raise RenderLimitError(f"the model rendered {len(raw)} files, at most {limits.files} are allowed")
    files = {_name(name): _text(name, content) for name, content in raw.items()}
    size = sum(len(text.encode()) for text in files.values())
    if size > limits.size:
        raise RenderLimitError(f"the model rendered {size} bytes, at most {limits.size} are allowed")
    return files


def _name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ModelFaultError("the model named a file that is not a plain relative path")
    return name


def _text(name: str, content: object) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, Mapping):
        raise ModelFaultError(f"the model rendered `{name}` as `{type(content).__name__}`, not as text or a dictionary")
    try:
        return json.dumps(content, indent=2, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as fault:
        raise ModelFaultError(f"the model rendered `{name}` as something JSON cannot hold") from fault
