"""`python -m fedpact.infra.k8s`, which is what `just k8s-demo` runs."""

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from fedpact.client.errors import FedpactError
from fedpact.infra.demo_story import StoryError
from fedpact.infra.k8s.cluster import Cluster, ClusterError
from fedpact.infra.k8s.demo import MODELS, Demo
from fedpact.infra.k8s.images import model_images
from fedpact.infra.k8s.plan import FOLDER, Plan

TAG = "0.1.0"


def main() -> None:
    """Run the demo, or take away what one left."""
    asked = _arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="fedpact-k8s-") as folder:
            demo = _demo(asked, Path(folder))
            if asked.clean:
                demo.clear()
            else:
                _write(asked.json, demo, keep=asked.keep)
        left = [] if asked.keep else demo.left()
    except (ClusterError, StoryError, FedpactError) as error:
        sys.exit(str(error))
    if left:
        sys.exit(f"left behind: {', '.join(left)}")
    _say("kept: take it away with `just k8s-demo --clean`" if asked.keep else "nothing is left in the cluster")


def _demo(asked: argparse.Namespace, folder: Path) -> Demo:
    images = {} if asked.clean else json.loads(asked.images.read_text()) if asked.images else None
    if images is None:
        images = model_images(asked.models, MODELS, asked.repository, asked.tag)
    plan = Plan(
        prefix=asked.prefix,
        repository=asked.repository,
        tag=asked.tag,
        images=images,
        login=asked.registry_login.read_bytes() if asked.registry_login else b"",
        folder=asked.node_folder,
        nats=asked.nats_image,
        mongo=asked.mongo_image,
    )
    cluster = Cluster(asked.kubeconfig, asked.charts)
    return Demo(cluster=cluster, plan=plan, folder=folder, models=asked.models, say=_say, chaos=asked.chaos)


def _write(path: Path | None, demo: Demo, *, keep: bool) -> None:
    try:
        demo.run(keep=keep)
    finally:
        if path:
            path.write_text(json.dumps(asdict(demo.report), indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="just k8s-demo", description="the demo on a Kubernetes cluster")
    usual = Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    parser.add_argument("--kubeconfig", type=Path, default=usual, help="the cluster, and who you are there")
    parser.add_argument("--repository", default="fedpact", help="begins every image's name, as the cluster knows it")
    parser.add_argument("--tag", default=TAG, help="the images' tag")
    parser.add_argument("--images", type=Path, help="JSON: digest of a model package -> its image, pinned by digest")
    parser.add_argument("--registry-login", type=Path, help="a file as `docker login` writes it, to fetch images with")
    parser.add_argument("--nats-image", default="nats:2-alpine", help="the bus, as the cluster knows it")
    parser.add_argument("--mongo-image", default="mongo:8", help="the store, as the cluster knows it")
    parser.add_argument("--prefix", default="fedpact-demo", help="begins the names of namespaces")
    parser.add_argument("--node-folder", default=FOLDER, help="an absolute path on a node, for volumes; it goes too")
    parser.add_argument("--chaos", action="store_true", help="delete pods of every kind while the story is told")
    parser.add_argument("--keep", action="store_true", help="leave everything in the cluster, for a look")
    parser.add_argument("--clean", action="store_true", help="only take away what an earlier demo left")
    parser.add_argument("--json", type=Path, help="write what was measured there")
    parser.add_argument("--charts", type=Path, default=Path("infra/helm"), help="the folder of the charts")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of model packages")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
