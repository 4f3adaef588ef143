"""The launcher that the operator chose, and what follows from the choice."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from fedpact.contracts.pact import Limit
from fedpact.gateway_agent.adapters import metric_teller
from fedpact.gateway_agent.adapters.confinement import Confinement
from fedpact.gateway_agent.adapters.deferred import DeferredLauncher
from fedpact.gateway_agent.adapters.gauges import MetricConsoles, MetricFiles
from fedpact.gateway_agent.adapters.local_models import ModelFolder
from fedpact.gateway_agent.adapters.model_images import ModelImages
from fedpact.gateway_agent.adapters.processes import ProcessLauncher
from fedpact.gateway_agent.app.doors import Gauges
from fedpact.gateway_agent.app.ports import Launcher
from fedpact.gateway_agent.domain.containers import Yard
from fedpact.gateway_agent.domain.manifests import Cluster
from fedpact.gateway_agent.domain.pods import PodName, Runtime
from fedpact.gateway_agent.settings import Settings

SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin"
IMAGE_PYTHON = "/usr/local/bin/python3"
"""Where every model image has its interpreter."""
LOOPBACK = "127.0.0.1"
DROPS = 0.25
"""Seconds that surely suffice a relay on this machine to find that nobody listens behind it."""
NEAR, FETCHED = 60.0, 300.0
"""Seconds a server may take to listen: one that is only started, and one whose image may have to be fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launching:
    """
    How workloads are run at this site.

    `host_of` is where what one listens on is reached from here; a relay on the way drops within `drops` seconds.
    """

    launcher: Launcher
    runtime: Runtime
    host_of: Callable[[PodName], str]
    gauges: Gauges
    listen_seconds: float
    drops: float = 0.0
    close: tuple[Callable[[], Awaitable[None]], ...] = ()


def launching(settings: Settings) -> Launching:
    """What `settings` choose. Nothing is connected yet."""
    match settings.launcher:
        case "docker":
            return _docker(settings)
        case "kubernetes":
            return _kubernetes(settings)
        case "process":
            return Launching(
                launcher=_processes(settings),
                runtime=Runtime(python=settings.python, search_path=SEARCH_PATH),
                host_of=lambda _: LOOPBACK,
                gauges=MetricFiles(),
                listen_seconds=NEAR,
            )


def _processes(settings: Settings) -> ProcessLauncher:
    """Servers are reached from outside, so only a gateway's workloads can be jailed."""
    state, own = settings.state_folder / "launches", settings.dal_admin_socket
    wanted = set(settings.limits) - ({Limit.NETWORK} if settings.role == "orchestrator" else set())
    hidden = (settings.state_folder, *([own.parent] if own else []), *settings.hidden)
    return ProcessLauncher(state, confinement=Confinement.found(state, wanted, hidden))


def models(settings: Settings) -> ModelFolder:
    """The model packages of this site, with their images where workloads need them."""
    images = settings.model_images if settings.contained else None
    return ModelFolder(settings.models_dir, ModelImages(images) if images else None)


def _docker(settings: Settings) -> Launching:
    from fedpact.gateway_agent.adapters.docker import DockerLauncher  # noqa: PLC0415 - loaded where it is chosen

    yard = Yard(
        agent=settings.launcher_label or settings.gateway,
        networks=settings.docker_networks,
        publish_on=settings.docker_published,
        neighbours=dict(word.split("=", 1) for word in settings.docker_neighbours),
    )
    launcher = DeferredLauncher(
        lambda: DockerLauncher.connected(yard, url=settings.docker_url, credentials=settings.docker_logins)
    )
    return replace(_contained(launcher, yard.host_of), drops=DROPS if yard.relayed else 0.0)


def _kubernetes(settings: Settings) -> Launching:
    from fedpact.gateway_agent.adapters.kubernetes import KubernetesLauncher  # noqa: PLC0415 - as above

    cluster = Cluster(
        agent=settings.launcher_label or settings.gateway,
        namespace=settings.kubernetes_namespace,
        workspace=settings.kubernetes_workspace,
        service=settings.kubernetes_service,
        pull_secrets=settings.kubernetes_pull_secrets,
        gpu=settings.kubernetes_gpu,
        runtime_class=settings.kubernetes_runtime_class,
        policed=settings.kubernetes_policed,
    )
    launcher = DeferredLauncher(lambda: KubernetesLauncher.connected(cluster, kubeconfig=settings.kubernetes_config))
    outside = settings.kubernetes_config is not None and settings.kubernetes_service == "NodePort"
    return _contained(launcher, (lambda _: settings.flare_host) if outside else cluster.host_of)


def _contained(launcher: DeferredLauncher, host_of: Callable[[PodName], str]) -> Launching:
    return Launching(
        launcher=launcher,
        runtime=Runtime(python=IMAGE_PYTHON, search_path=SEARCH_PATH, prelude=inspect.getsource(metric_teller)),
        host_of=host_of,
        gauges=MetricConsoles(),
        listen_seconds=FETCHED,
        close=(launcher.close,),
    )
