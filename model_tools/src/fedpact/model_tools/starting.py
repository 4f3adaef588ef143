"""
A new model from the template in this distribution.

The template is a model itself, `my-model`, that checks and trains as it stands; a new one differs in its name alone.
"""

import importlib.util
import re
import shutil
from pathlib import Path

from fedpact.model_tools.errors import NameTakenError, RunRequestError

TEMPLATE = Path(__file__).parent / "template"
ID, MODULE = "my-model", "my_model"
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
LONGEST = 40


def begin(name: str, folder: Path) -> Path:
    """Make the folder of the model `name` below `folder`."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise RunRequestError(f"`{name}` cannot be a model's id: use a-z, 0-9 and single dashes, a letter first")
    module, place = name.replace("-", "_"), folder / name
    if importlib.util.find_spec(module) is not None:
        raise NameTakenError(
            f"`{module}` is a module that is installed here: your code would hide it, take another name"
        )
    try:
        place.mkdir(parents=True)
    except FileExistsError as error:
        raise NameTakenError(f"`{place}` is there already: take another name or folder") from error
    for source in sorted(TEMPLATE.rglob("*")):
        if source.is_file() and source.suffix != ".pyc":
            _write(source, place, {ID: name, MODULE: module})
    return place


def _write(source: Path, place: Path, words: dict[str, str]) -> None:
    path, text = source.relative_to(TEMPLATE).as_posix(), source.read_text(encoding="utf-8")
    for old, new in words.items():
        path, text = path.replace(old, new), text.replace(old, new)
    (place / path).parent.mkdir(parents=True, exist_ok=True)
    (place / path).write_text(text, encoding="utf-8")
    shutil.copymode(source, place / path)
