"""
Builds the product's images: `just images`, or `python infra/docker/images.py policy portal`.

Everything that an image needs is gathered first: a wheel of each of our distributions, and the wheels of third parties
at the versions of `constraints.txt`. Each image gets a context of its own with the wheels of what it declares, directly
or not, and nothing else; the build itself has no network. With `--wheels FOLDER` the gathering has none either. The
bill of materials of every image is taken out of it again into `dist/sbom`, and `dist/model-images.json` tells agents
which image each model version runs from.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DIST = ROOT / "dist"
BASE = "python:3.11-slim-bookworm"
PACKAGE = "org.fedpact.package"
"""Label of a model's image: the digest of the package it was made from."""
SERVICES = ("identity", "registry", "policy", "spec_lifecycle", "scheduler", "jobs", "portal")


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image. `prefix` begins the names of its settings; a program that does not listen has none."""

    name: str
    folder: str
    prefix: str = ""

    @cached_property
    def project(self) -> dict[str, object]:
        found: dict[str, object] = tomllib.loads((ROOT / self.folder / "pyproject.toml").read_text())["project"]
        return found

    @property
    def member(self) -> str:
        return str(self.project["name"])

    @property
    def version(self) -> str:
        return str(self.project["version"])

    @property
    def model(self) -> bool:
        return self.folder.startswith("models/")

    @property
    def target(self) -> str:
        return "service" if self.prefix else "command"

    @property
    def script(self) -> str:
        """What the container runs. The command is the client's, to which the distribution adds its own."""
        scripts = self.project.get("scripts")
        return next(iter(scripts)) if isinstance(scripts, dict) else "fedpact"


IMAGES = (
    *(
        Image(name=name.replace("_", "-"), folder=f"services/{name}", prefix=f"FEDPACT_{name.upper()}")
        for name in SERVICES
    ),
    Image(name="gateway-agent", folder="gateway_agent", prefix="FEDPACT_AGENT"),
    Image(name="dal-service", folder="dal_service", prefix="FEDPACT_DAL"),
    Image(name="entrance", folder="entrance", prefix="FEDPACT_ENTRANCE"),
    Image(name="infra", folder="infra"),
    Image(name="model-statistics", folder="models/statistics"),
    Image(name="model-logreg", folder="models/logreg"),
    Image(name="model-linear", folder="models/linear"),
    Image(name="model-cox", folder="models/cox"),
)
BY_NAME = {image.name: image for image in IMAGES}


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Where wheels lie and contexts are made. `given` holds third parties' wheels for a build without a network."""

    folder: Path
    given: Path | None

    @property
    def ours(self) -> Path:
        return self.folder / "ours"

    @property
    def theirs(self) -> Path:
        return self.given or self.folder / "theirs"

    def gather(self, images: Sequence[Image]) -> None:
        """Make our wheels anew, and fetch what is still missing of third parties."""
        shutil.rmtree(self.ours, ignore_errors=True)
        for folder in members():
            options = ("--wheel", "--no-sources", "--quiet", "--out-dir", str(self.ours), "--python", sys.executable)
            constraints = ("--build-constraints", str(ROOT / "constraints.txt"))
            offline = ("--offline", "--no-build-isolation") if self.given else constraints
            ran(uv(), "build", *options, *offline, str(folder))
        if self.given is None:
            self.theirs.mkdir(parents=True, exist_ok=True)
            self._pip("wheel", "--prefer-binary", "-w", str(self.theirs), *(image.member for image in images))
            for ours in self.theirs.glob("fedpact_*.whl"):  # pip keeps those too, and they would outlive a change
                ours.unlink()

    def context(self, image: Image) -> Path:
        """The image's build context: recipe, wheels, and of a model its folder."""
        context = self.folder / "contexts" / image.name
        shutil.rmtree(context, ignore_errors=True)
        wheels = context / "wheels"
        wheels.mkdir(parents=True)
        self._pip("download", "--only-binary", ":all:", "--no-index", "-d", str(wheels), image.member)
        recipe = HERE / ("model.Dockerfile" if image.model else "Dockerfile")
        shutil.copy(recipe, context / "Dockerfile")
        for part in ("inventory.py", "healthy.py"):
            shutil.copy(HERE / part, context / part)
        if image.model:
            clean = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / image.folder, context / "model", ignore=clean)
        return context

    def _pip(self, command: str, *words: str) -> None:
        found = ("--find-links", str(self.ours), "--find-links", str(self.theirs))
        quiet = ("--quiet", "--disable-pip-version-check")
        pins = ("-c", str(ROOT / "constraints.txt"))
        ran(uv(), "tool", "run", "--quiet", "--python", sys.executable, "pip", command, *quiet, *pins, *found, *words)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Builds with the `docker` command, be it with BuildKit or the builder before it."""

    base: str
    repository: str

    def reference(self, image: Image) -> str:
        return f"{self.repository}/{image.name}:{image.version}"

    def build(self, image: Image, context: Path) -> str:
        """Build `image`; what it is called."""
        arguments = {
            "BASE": self.base,
            "MEMBER": image.member,
            "TITLE": str(image.project["description"]),
            "VERSION": image.version,
            "REVISION": git("rev-parse", "HEAD"),
            "CREATED": git("log", "-1", "--format=%cI"),
        }
        if image.model:
            arguments |= {"MODEL": image.folder.rpartition("/")[2], "PACKAGE": package(image)}
        else:
            arguments |= {"SCRIPT": image.script} | ({"PREFIX": image.prefix} if image.prefix else {})
        told = [word for key, value in arguments.items() for word in ("--build-arg", f"{key}={value}")]
        target = [] if image.model else ["--target", image.target]
        tag = self.reference(image)
        ran("docker", "build", "--quiet", "--network", "none", "--tag", tag, *target, *told, str(context))
        return tag

    def pinned(self, image: Image) -> tuple[str, str]:
        """What package the image holds, and the image: its digest at a registry that has it, else its id here."""
        told = json.loads(ran("docker", "image", "inspect", self.reference(image)))[0]
        at = [one for one in told["RepoDigests"] if one.startswith(f"{self.repository}/")]
        return str(told["Config"]["Labels"].get(PACKAGE, "")), str(at[0] if at else told["Id"])

    def bill(self, image: Image) -> Path:
        """Take the bill of materials out of the image."""
        path = DIST / "sbom" / f"{image.name}-{image.version}.cdx.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        inside = ("--rm", "--network", "none", "--entrypoint", "cat", self.reference(image))
        path.write_text(ran("docker", "run", *inside, "/opt/fedpact/sbom.cdx.json"))
        return path


def list_models(engine: Engine) -> None:
    """Which image every model runs from, by the digest of the package that is in it: what agents are given."""
    there = set(ran("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split())
    models = [image for image in IMAGES if image.model and engine.reference(image) in there]
    known = dict(engine.pinned(image) for image in models)
    known.pop("", None)
    (DIST / "model-images.json").write_text(json.dumps(known, indent=1) + "\n")


def package(image: Image) -> str:
    """The digest by which specs pin the model that is in the image."""
    from fedpact.secure_runtime.adapters.package import package_digest  # noqa: PLC0415 - of this checkout

    return package_digest(ROOT / image.folder)


def members() -> list[Path]:
    """The folders of the workspace's distributions."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
    folders = (folder for pattern in listed for folder in sorted(ROOT.glob(pattern)))
    return [folder for folder in folders if (folder / "pyproject.toml").exists()]


def git(*words: str) -> str:
    return ran("git", "-C", str(ROOT), *words).strip()


def uv() -> str:
    return shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")


def ran(*words: str) -> str:
    env = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        told = (done.stderr or done.stdout).strip().splitlines()
        sys.exit(f"`{' '.join(words[:3])}` ended with {done.returncode}:\n" + "\n".join(told[-20:]))
    return done.stdout


def main() -> None:
    """Build the named images, or all."""
    parser = argparse.ArgumentParser(description="build the product's images")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BY_NAME)}; all unless given")
    parser.add_argument("--base", default=BASE, help="the image that all stand on")
    parser.add_argument("--repository", default="fedpact", help="begins every image's name")
    parser.add_argument("--wheels", type=Path, help="third parties' wheels are there: use no network")
    parser.add_argument("--contexts", action="store_true", help="only make the build contexts, in dist/images")
    parser.add_argument("--list", action="store_true", help="only write dist/model-images.json anew, as after a push")
    asked = parser.parse_args()
    engine = Engine(base=asked.base, repository=asked.repository)
    if unknown := [name for name in asked.names if name not in BY_NAME]:
        parser.error(f"no such image: {', '.join(unknown)}")
    shop = Workshop(folder=DIST / "images", given=asked.wheels)
    images = [BY_NAME[name] for name in asked.names] or list(IMAGES)
    if not asked.list:
        make(images, shop, None if asked.contexts else engine)
    if not asked.contexts:
        list_models(engine)


def make(images: Sequence[Image], shop: Workshop, engine: Engine | None) -> None:
    """Build `images`, as many at a time as there are cores; without an engine only their contexts."""
    shop.gather(images)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for told in pool.map(lambda image: made(image, shop, engine), images):
            sys.stdout.write(f"{told}\n")


def made(image: Image, shop: Workshop, engine: Engine | None) -> str:
    """Make one image, or only its context; what came of it."""
    context = shop.context(image)
    if engine is None:
        return str(context)
    tag = engine.build(image, context)
    parts = json.loads(engine.bill(image).read_text())["components"]
    return f"{tag}: {len(parts)} components"


if __name__ == "__main__":
    main()
