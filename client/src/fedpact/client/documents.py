"""
Documents that people write, in YAML or JSON, read with one meaning.

YAML is read as the JSON it stands for: no dates, no `yes` that is a boolean, no key twice. So a policy says the same
in both spellings, and what is signed is what its author saw.
"""

import re
import sys
from collections.abc import Hashable
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, JsonValue, ValidationError

from fedpact.client.errors import InputError
from fedpact.contracts import strict_json
from fedpact.contracts.mistakes import misfits
from fedpact.contracts.strict_json import MalformedError

M = TypeVar("M", bound=BaseModel)
STDIN = Path("-")
MAX_SIZE = 4_000_000
_IN_WORDS = {
    "string should match pattern '^[a-z0-9-]{1,40}$'": "use 1 to 40 of a-z, 0-9 and `-`",
    "string should match pattern '^[a-z0-9-]{1,40}_[a-z0-9-]{1,40}_[a-z0-9-]{1,40}$'": (
        "a dataset's id is `<name>_<gateway>_<organization>`: `fedpact datasets list` shows them"
    ),
    "string should match pattern '^[A-Za-z0-9][A-Za-z0-9._-]{0,118}/?$'": (
        "it is a name in the gateway's inbox and no path: a letter or digit, then letters, digits, `.`, `_` and `-`; a"
        " folder ends with `/`"
    ),
    "field required": "it is missing: add it",
    "extra inputs are not permitted": "nothing of that name belongs here: leave it out, or correct its spelling",
}


class _Loader(yaml.SafeLoader):
    """YAML's JSON part: mappings, lists, strings, numbers, true, false and null."""

    yaml_implicit_resolvers = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:  # noqa: FBT001, FBT002
        names: set[str] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, str):
                raise yaml.constructor.ConstructorError(None, None, f"the key `{name}` is not text", key.start_mark)
            if name in names:
                raise yaml.constructor.ConstructorError(None, None, f"`{name}` is named twice", key.start_mark)
            names.add(name)
        return super().construct_mapping(node, deep)


_NUMBER = tuple("-0123456789")
for _tag, _pattern, _first in (
    ("null", r"^(?:null|~|)$", ("n", "~", "")),
    ("bool", r"^(?:true|false)$", ("t", "f")),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", _NUMBER),
    ("float", r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", _NUMBER),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def read_value(path: Path) -> JsonValue:
    """What the document at `path` says; `-` is standard input."""
    name = "standard input" if path == STDIN else str(path)
    return value_of(_text(path), name, as_json=path.suffix == ".json")


def value_of(text: str, name: str, *, as_json: bool = False) -> JsonValue:
    """What `text` says; `name` is what people know it by."""
    try:
        return strict_json.loads(text) if as_json else _json_or_yaml(text)
    except (MalformedError, yaml.YAMLError, RecursionError) as error:
        raise InputError(f"`{name}` is neither JSON nor YAML: {_where(error)}; correct it there") from error


def read_document(kind: type[M], path: Path) -> M:
    """The `kind` that the document at `path` says."""
    return as_document(kind, read_value(path), str(path))


def as_document(kind: type[M], value: JsonValue, name: str) -> M:
    """The `kind` that a value from `name` says."""
    try:
        return kind.model_validate_json(strict_json.dumps(value))
    except ValidationError as error:
        member, text = first_problem(error)
        where = f" at `{member}`" if member else ""
        raise InputError(f"`{name}` is wrong{where}: {text}", path=member) from error


def first_problem(error: ValidationError) -> tuple[str, str]:
    """
    The member, empty for the whole, and what is wrong with it.

    A member that does not belong there comes before one that is missing: often it is the same one, mistyped.
    """
    found = misfits(error)
    first = min(found, key=lambda one: one.kind != "extra_forbidden")
    beside = [one.place[-1] for one in found if one.kind == "missing" and one.place[:-1] == first.place[:-1]]
    meant = get_close_matches(str(first.place[-1]), map(str, beside), n=1) if first.place else []
    hint = f"; did you mean `{meant[0]}`?" if first.kind == "extra_forbidden" and meant else ""
    return first.path, _IN_WORDS.get(first.text, first.text) + hint


def as_object(value: JsonValue, name: str) -> dict[str, JsonValue]:
    """The members of a value from `name`."""
    if not isinstance(value, dict):
        raise InputError(f"`{name}` has to hold members, such as `{{rounds: 5}}`")
    return value


def _text(path: Path) -> str:
    try:
        text = sys.stdin.read() if path == STDIN else path.expanduser().read_text(encoding="utf-8")
    except UnicodeError as error:
        raise InputError(f"`{path}` cannot be read: it is not a text file in UTF-8, save it as one") from error
    except OSError as error:
        cause = (error.strerror or "unknown cause").lower()
        raise InputError(f"`{path}` cannot be read ({cause}): check the path, and that you may read it") from error
    if len(text) > MAX_SIZE:
        raise InputError(f"`{path}` is too large: at most {MAX_SIZE} characters are read")
    return text


def _json_or_yaml(text: str) -> JsonValue:
    """What is JSON is read as JSON: its escapes mean more than YAML's."""
    try:
        return strict_json.loads(text)
    except MalformedError:
        return strict_json.loads(_as_json(text))


def _as_json(text: str) -> bytes:
    try:
        return strict_json.dumps(yaml.load(text, Loader=_Loader))  # noqa: S506 - derived from SafeLoader
    except (TypeError, ValueError) as error:
        raise InputError(f"this holds what JSON cannot say: {error}") from error


def _where(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        problem = f"{error.context}, {error.problem}" if error.context else error.problem
        return f"{problem} in line {error.problem_mark.line + 1}"
    return str(error).replace("\n", " ")
