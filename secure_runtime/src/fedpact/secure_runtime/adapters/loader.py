"""
A model's rendering code, loaded once by its path.

Two layouts are in use: `secure_runtime/src/secure_runtime/secure_runtime_service.py` below the model folder (in an
image, `src/secure_runtime/...` below `/usr/secure_runtime`), and `src/secure_runtime_service.py` with relative imports.
The folder of the file becomes a package under a private name, so relative imports work in both and nothing of the
model can stand in for a module of ours. Byte code in the folder is never read: the digest does not cover it.
"""

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from fedpact.secure_runtime.domain.errors import PackageError

SCRIPT = "secure_runtime_service.py"
LAYOUTS = (
    f"secure_runtime/src/secure_runtime/{SCRIPT}",
    f"src/secure_runtime/{SCRIPT}",
    f"secure_runtime/src/{SCRIPT}",
    f"src/{SCRIPT}",
)
_PACKAGE = "_fedpact_model_service"
_FUNCTIONS = ("parse", "validate", "template")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedService:
    """The three functions of a loaded script, with its templates folder."""

    module: ModuleType
    templates: Path | None = None

    def parse(self, body: str) -> object:
        return self._function("parse")(body)

    def validate(self, payload: object) -> None:
        self._function("validate")(payload)

    def template(self, payload: object, dataset2gw: Mapping[str, str]) -> object:
        extra = {} if self.templates is None else {"template_folder": self.templates}
        return self._function("template")(payload, dict(dataset2gw), **extra)

    def _function(self, name: str) -> Callable[..., object]:
        function: Callable[..., object] = getattr(self.module, name)
        return function


def find_script(root: Path) -> Path:
    """Where the model below `root` keeps its rendering script."""
    for layout in LAYOUTS:
        if (root / layout).is_file():
            return root / layout
    raise PackageError(f"`{root.name}` holds no `{SCRIPT}`; it belongs at `{LAYOUTS[0]}`")


def load_service(root: Path, templates: Path | None = None) -> LoadedService:
    """Run the model's script once and keep its functions. Raises `PackageError` when it lacks one."""
    script = find_script(root)
    sys.dont_write_bytecode = True
    sys.pycache_prefix = "/nonexistent"
    package = _package(script.parent)
    module = _execute(f"{package.__name__}.{script.stem}", script)
    missing = [name for name in _FUNCTIONS if not callable(getattr(module, name, None))]
    if missing:
        raise PackageError(f"`{SCRIPT}` defines no function `{missing[0]}`")
    return LoadedService(module=module, templates=templates)


def _package(folder: Path) -> ModuleType:
    init = folder / "__init__.py"
    for name in [name for name in sys.modules if name == _PACKAGE or name.startswith(f"{_PACKAGE}.")]:
        del sys.modules[name]
    if init.is_file():
        return _execute(_PACKAGE, init, search=[str(folder)])
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(folder)]
    sys.modules[_PACKAGE] = package
    return package


def _execute(name: str, path: Path, search: list[str] | None = None) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=search)
    if spec is None or spec.loader is None:
        raise PackageError(f"`{path.name}` is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
