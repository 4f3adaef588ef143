"""Which image a model package runs from: found in the local engine, whose registry the cluster fetches from."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from fedpact.client.packages import package_digest
from fedpact.infra.k8s.cluster import ClusterError


def model_images(models: Path, names: Iterable[str], repository: str, tag: str) -> dict[str, str]:
    """Digest of a package -> its image, pinned by the digest under which a registry knows it."""
    return {package_digest(models / name): _pinned(f"{repository}/model-{name}:{tag}") for name in names}


def _pinned(reference: str) -> str:
    name = reference.rpartition(":")[0]
    known = [one for one in _digests(reference) if one.startswith(f"{name}@")]
    if not known:
        raise ClusterError(
            f"`{reference}` was never pushed, so it has no digest: `docker push {reference}` to a registry that the"
            " cluster fetches from, or name the images yourself with `--images`"
        )
    return known[0]


def _digests(reference: str) -> list[str]:
    command = ["docker", "image", "inspect", "--format", "{{json .RepoDigests}}", reference]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own words
    except FileNotFoundError as missing:
        raise ClusterError("`docker` is not here to ask for digests: name the images with `--images`") from missing
    if done.returncode:
        raise ClusterError(f"`{reference}` is not here: make it with `just images --repository ...`")
    found: list[str] = json.loads(done.stdout) or []
    return found
