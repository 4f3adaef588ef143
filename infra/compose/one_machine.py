"""
Hub and gateways as containers of one machine: `just compose-up`, `compose-demo`, `compose-down`.

Uses the two stacks that are made for machines of their own, plus two files for one machine. Runs on the machine's
Python with nothing but the standard library: all that needs the product runs in its images. What the federation keeps
lies in one folder, owned by the user that the services run as; it stays when they are taken down.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NOBODY = 65532
"""Runs the services when root asks for them: no service runs as root."""
CUSTODIANS = {"gateway-1": "lakeside", "gateway-2": "hillcrest"}
SECONDS = "180"


@dataclass(frozen=True)
class Federation:
    """`folder` is absolute and short: the paths of sockets in it have to fit into 107 bytes."""

    folder: Path
    models: Path
    images: Path

    @property
    def user(self) -> int:
        return os.getuid() or NOBODY

    @property
    def group(self) -> int:
        return os.getgid() or NOBODY

    @property
    def env(self) -> Mapping[str, str]:
        """What the stacks are told."""
        return {
            "FEDPACT_UID": str(self.user),
            "FEDPACT_GID": str(self.group),
            "FEDPACT_FOLDER": str(self.folder),
            "FEDPACT_MODELS": str(self.models),
            "FEDPACT_MODEL_IMAGES": str(self.images),
            "FEDPACT_ENGINE": str(self.engine),
            "FEDPACT_ENGINE_GROUP": str(self.engine.stat().st_gid),
            "FEDPACT_FLARE_ENTRANCE": "entrance:8443",
        }

    @property
    def engine(self) -> Path:
        """The socket of the engine that everything runs on."""
        return Path(os.environ.get("FEDPACT_ENGINE", "/var/run/docker.sock"))

    def up(self) -> None:
        if not self.images.exists():
            sys.exit(f"{self.images} is not there: make the images first, with `just images`")
        self._own_folder()
        self._infra("prepare", str(self.folder))
        self._hub("up", "--detach", "--wait", "--wait-timeout", SECONDS, asked=("settle",))
        for gateway in CUSTODIANS:
            self._gateway(gateway, "up", "--detach", "--wait", "--wait-timeout", SECONDS)
        told = "the portal listens at http://127.0.0.1:7070\nlog in:  fedpact login --user ada\n"
        sys.stdout.write(f"{told}stop:    just compose-down\n")

    def demo(self) -> None:
        models = ("--volume", f"{self.models}:/models:ro")
        self._infra("demo", str(self.folder), "--models", "/models", options=("--network", "host", *models))

    def chaos(self) -> None:
        """The story, while every kind of container is killed once."""
        engine = ("--volume", f"{self.engine}:/run/engine.sock", "--group-add", str(self.engine.stat().st_gid))
        models = ("--volume", f"{self.models}:/models:ro")
        words = ("chaos", str(self.folder), "--models", "/models")
        self._infra(*words, options=("--network", "host", *models, *engine))

    def down(self) -> None:
        for gateway in CUSTODIANS:
            self._gateway(gateway, "down", "--volumes", "--timeout", "30")
        self._hub("down", "--volumes", "--timeout", "30")

    def _own_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.getuid() == 0:
            os.chown(self.folder, self.user, self.group)

    def _infra(self, step: str, *words: str, options: tuple[str, ...] = ()) -> None:
        bounds = ("--read-only", "--tmpfs", "/tmp:mode=1777", "--cap-drop", "ALL", "--init")  # noqa: S108 - inside
        user = ("--user", f"{self.user}:{self.group}", "--volume", f"{self.folder}:{self.folder}")
        network = () if options else ("--network", "none")
        image = f"{os.environ.get('FEDPACT_REPOSITORY', 'fedpact')}/infra:{os.environ.get('FEDPACT_VERSION', '0.1.0')}"
        entry = ("--entrypoint", "python", image, "-m", "fedpact.infra.containers", step, *words)
        ran(["docker", "run", "--rm", *bounds, *user, *network, *options, *entry], {})

    def _hub(self, *words: str, asked: tuple[str, ...] = ()) -> None:
        """Tells of those `asked` what they said last, when it fails."""
        stack = [*compose(), "-f", str(HERE / "hub.yaml"), "-f", str(HERE / "hub.one-machine.yaml")]
        ran([*stack, *words], self.env, otherwise=[*stack, "logs", "--tail", "3", *asked] if asked else None)

    def _gateway(self, gateway: str, *words: str) -> None:
        own = {
            "FEDPACT_GATEWAY": gateway,
            "FEDPACT_ORGANIZATION": CUSTODIANS[gateway],
            "FEDPACT_SITE": str(self.folder / "sites" / gateway),
            "FEDPACT_SEED": str(self.folder / "secrets" / f"{gateway}.seed"),
            "FEDPACT_NATS_URL": "nats://nats:4222",
        }
        files = ("-f", str(HERE / "gateway.yaml"), "-f", str(HERE / "gateway.one-machine.yaml"))
        ran([*compose(), "-p", f"fedpact-{gateway}", *files, *words], {**self.env, **own})


def compose() -> list[str]:
    """Compose as a plugin of the docker command, or as a program beside this project's Python."""
    asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)  # noqa: S607 - on the path
    if asked.returncode == 0:
        return ["docker", "compose"]
    beside = Path(sys.executable).with_name("docker-compose")
    found = str(beside) if beside.exists() else shutil.which("docker-compose")
    if found is None:
        sys.exit("Docker Compose 2 is not here: install its plugin")
    return [found]


def ran(words: list[str], env: Mapping[str, str], otherwise: list[str] | None = None) -> None:
    """Run it with what it says shown; when it fails run what may tell why, and end with its code."""
    done = subprocess.run(words, env={**os.environ, **env}, check=False)  # noqa: S603 - our own words
    if done.returncode and otherwise:
        subprocess.run(otherwise, env={**os.environ, **env}, check=False)  # noqa: S603 - our own words
    if done.returncode:
        sys.exit(done.returncode)


def main() -> None:
    parser = argparse.ArgumentParser(description="hub and gateways as containers of one machine")
    parser.add_argument("step", choices=("up", "demo", "chaos", "down"))
    parser.add_argument("--folder", type=Path, default=ROOT / ".fedpact" / "compose", help="what the federation keeps")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="model packages")
    listed = ROOT / "dist" / "model-images.json"
    parser.add_argument("--model-images", type=Path, default=listed, help="which image each of them runs from")
    asked = parser.parse_args()
    federation = Federation(asked.folder.resolve(), asked.models.resolve(), asked.model_images.resolve())
    {"up": federation.up, "demo": federation.demo, "chaos": federation.chaos, "down": federation.down}[asked.step]()


if __name__ == "__main__":
    main()
