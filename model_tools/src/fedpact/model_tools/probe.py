"""
What has to be tried inside the model's own code, in a process that is thrown away.

`python -m fedpact.model_tools.probe classes` reads component configurations from standard input and says which FLARE
could not build; `... render` makes one job without a sandbox, so that an author sees the traceback that no sender of a
payload is shown.
"""

import importlib
import inspect
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from fedpact.secure_runtime.adapters.loader import load_service


def faults(components: Sequence[Mapping[str, object]]) -> list[str]:
    """What is wrong with each class that cannot be built as its configuration says."""
    return [fault for component in components if (fault := _fault(str(component["path"]), component.get("args")))]


def _fault(path: str, args: object) -> str:
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except Exception as error:  # noqa: BLE001 - an author's module may end in any way, and is told which
        return f"`{path}` cannot be imported: {type(error).__name__}: {error}"
    if not inspect.isclass(found):
        return f"`{path}` is no class in `{module}`"
    if inspect.isabstract(found):
        missing: frozenset[str] = getattr(found, "__abstractmethods__", frozenset())
        return f"`{path}` is abstract: {', '.join(sorted(missing))} is not written"
    try:
        inspect.signature(found).bind(**(args if isinstance(args, dict) else {}))
    except TypeError as error:
        return f"`{path}` does not take the arguments of its configuration: {error}"
    return ""


def main() -> None:
    """What standard input and the one argument ask for."""
    asked = json.load(sys.stdin)
    if sys.argv[1] == "classes":
        sys.stdout.write(json.dumps(faults(asked)))
        return
    service = load_service(Path(asked["root"]))
    payload = service.parse(json.dumps(asked["payload"]))
    service.validate(payload)
    service.template(payload, asked["sites"])


if __name__ == "__main__":
    main()
