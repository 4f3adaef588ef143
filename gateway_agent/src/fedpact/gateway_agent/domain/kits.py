"""
The contents of FLARE startup kits, as functions from values to JSON.

A kit is built by hand instead of by FLARE's provisioner, which writes every private key into one world-readable
file. What differs from FLARE's defaults differs for a reason named at its line; above all a job may name only the
component classes of the spec's model, and no role may bring code or run shell commands.
"""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import JsonValue

from fedpact.gateway_agent.domain.pods import Peer

Json = dict[str, JsonValue]
Files = dict[str, Json]
"""Path inside the kit -> content."""

JOB_PROCESSES = "fedpact_job_processes"
"""The module of the kit's own that starts the processes of jobs."""
PROGRAM = f"local/custom/{JOB_PROCESSES}.py"
"""Where FLARE finds it: in a site's own code, which no job and no user of FLARE's can bring."""

ADMIN_USER = "agent"
"""Common name of the orchestrator agent's own certificate: the one user of the FLARE server."""

ADMIN_ROLE = "project_admin"
SILENCE = 180.0
"""
Seconds after which a site that is not heard counts as lost: a link may be away for a minute and needs another to
come back. A client whose process ended is reported by its own agent at once. FLARE's 600 hide a dead site for long.
"""

ANSWER = 60.0
"""Seconds without any progress after which a client asks again for a task, or sends its result again."""

_NVFLARE = "nvflare.app_common"


MAX_FRAME = 2 * 1024**3 - 2 * 1024**2
"""The longest message, FLARE's own default: whoever gives gRPC options gives this one too."""

Option = tuple[str, str | int]

_ALIVE: tuple[Option, ...] = (
    # A link that is cut in silence is noticed in 25 s; TCP alone would go on waiting for minutes after it is back.
    ("grpc.keepalive_time_ms", 15_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # What a server allows its clients, who ask as often as it does itself.
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """
    How an activation's FLARE server is reached, by whoever is to reach it.

    `name` is what its certificate is asked for where `host` leads to several servers; `proxy` is an HTTP proxy that
    the connection goes through.
    """

    project: str
    host: str
    port: int
    name: str = ""
    proxy: str = field(default="", repr=False)
    """As `http://[user:password@]host:port`; not shown."""
    scheme: str = "grpc"

    @property
    def target(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def dialed(self) -> Peer:
        """What a client really connects to."""
        proxy = urlsplit(self.proxy)
        return Peer(host=proxy.hostname or self.host, port=proxy.port or self.port)

    @property
    def identity(self) -> str:
        """The common name of the server: at most 64 characters, which a name behind an entrance may exceed."""
        return self.project if self.name else self.host

    @property
    def options(self) -> tuple[Option, ...]:
        """What gRPC is told."""
        sizes = (("grpc.max_send_message_length", MAX_FRAME), ("grpc.max_receive_message_length", MAX_FRAME))
        name = (("grpc.ssl_target_name_override", self.name),) if self.name else ()
        proxy = (("grpc.http_proxy", self.proxy),) if self.proxy else ()
        return (*sizes, *_ALIVE, *name, *proxy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a site allows: `components` are the classes, or package prefixes ending in a dot, that a job may name."""

    components: tuple[str, ...]
    internal_port: int
    """On the loopback, between a FLARE process and its job processes."""


def server_files(joint: Joint, terms: Terms, *, store: Path) -> Files:
    """The kit of the FLARE server; `store` is its own absolute folder, FLARE's default is one for the machine."""
    return {
        "startup/fed_server.json": _fed_server(joint),
        "local/resources.json": _server_resources(terms, store),
        "local/authorization.json": _permissions(_SERVER_RIGHTS),
        "local/comm_config.json": _comm_config(joint, terms),
        "local/log_config.json": log_config(),
    }


def client_files(joint: Joint, terms: Terms, *, site: str) -> Files:
    """The kit of the FLARE client called `site`."""
    return {
        "startup/fed_client.json": _fed_client(joint, site),
        "local/resources.json": _client_resources(terms),
        "local/authorization.json": _permissions(_CLIENT_RIGHTS),
        "local/comm_config.json": _comm_config(joint, terms),
        "local/log_config.json": log_config(),
    }


def admin_files(joint: Joint) -> Files:
    """The kit of the one who submits jobs: the orchestrator's agent."""
    admin: Json = {
        "project_name": joint.project,
        "username": ADMIN_USER,
        "server_identity": joint.identity,
        "scheme": joint.scheme,
        "host": joint.host,
        "port": joint.port,
        "connection_security": "mtls",
        "uid_source": "user_input",
        "with_file_transfer": True,
        "upload_dir": "transfer",
        "download_dir": "transfer",
        "client_key": "client.key",
        "client_cert": "client.crt",
        "ca_cert": "rootCA.pem",
    }
    idle: Json = {"idle_timeout": 900.0, "login_timeout": 10.0, "with_debug": False}
    return {
        "startup/fed_admin.json": {"format_version": 1, "admin": admin},
        "local/resources.json": {"format_version": 1, "admin": {**idle, "prompt": "> "}},
    }


def _fed_server(joint: Joint) -> Json:
    server: Json = {
        "name": joint.project,
        "service": {"target": joint.target, "scheme": joint.scheme},
        "admin_server": joint.host,
        "admin_port": joint.port,
        "ssl_private_key": "server.key",
        "ssl_cert": "server.crt",
        "ssl_root_cert": "rootCA.pem",
        "connection_security": "mtls",
    }
    return {"format_version": 2, "servers": [server]}


def _fed_client(joint: Joint, site: str) -> Json:
    client: Json = {
        "ssl_private_key": "client.key",
        "ssl_cert": "client.crt",
        "ssl_root_cert": "rootCA.pem",
        "fqsn": site,
        "is_leaf": True,
        "connection_security": "mtls",
    }
    service: Json = {"target": joint.target, "scheme": joint.scheme}
    servers: list[JsonValue] = [{"name": joint.project, "service": service, "identity": joint.identity}]
    return {"format_version": 2, "servers": servers, "client": client}


def _server_resources(terms: Terms, store: Path) -> Json:
    server: Json = {
        "admin_storage": "transfer",
        "max_num_clients": 512,
        "heart_beat_timeout": SILENCE,
        "download_job_url": "http://download.server.com/",
        "admin_timeout": 10.0,
        "check_engine_frequency": 0.5,  # how soon a job's server process notices that it has ended; 3 by default
    }
    snapshots: Json = {"uri_root": "/", "storage": _storage(store / "snapshots")}
    scheduler: Json = {
        "max_jobs": 1,  # a spec's jobs run one after the other
        "min_schedule_interval": 0.5,
        "max_schedule_interval": 5.0,
        "max_schedule_count": 60,
    }
    jobs: Json = {"uri_root": str(store / "jobs"), "job_store_id": "job_store"}
    return {
        **_allow_list(terms),
        "servers": [server],
        "snapshot_persistor": _part("state_persistors.storage_state_persistor.StorageStatePersistor", snapshots),
        "components": [
            {"id": "job_scheduler", **_part("job_schedulers.job_scheduler.DefaultJobScheduler", scheduler)},
            {"id": "job_manager", "path": "nvflare.apis.impl.job_def_manager.SimpleJobDefManager", "args": jobs},
            {"id": "job_store", "path": f"{_NVFLARE}.storages.filesystem_storage.FilesystemStorage"},
            {"id": "process_launcher", "path": f"{JOB_PROCESSES}.ServerJobs"},
            {"id": "log_receiver", **_part("logging.job_log_receiver.JobLogReceiver", {})},
        ],
    }


def _client_resources(terms: Terms) -> Json:
    # Passthrough: what a job may use was placed by the scheduler, FLARE is not to count it again.
    manager = _part("resource_managers.passthrough_resource_manager.PassthroughResourceManager", {})
    return {
        **_allow_list(terms),
        "allow_log_streaming": False,  # tracebacks may hold data; the agent reads the local files
        "client": {
            "retry_timeout": 30,
            "compression": "Gzip",
            "client_register_interval": 0.5,
            # Without progress: a request that a cut link swallowed is made again. FLARE waits 300 s for its answer.
            "communication_timeout": ANSWER,
        },
        "components": [
            {"id": "resource_manager", **manager},
            {"id": "process_launcher", "path": f"{JOB_PROCESSES}.ClientJobs"},
        ],
    }


def _allow_list(terms: Terms) -> Json:
    return {
        "format_version": 2,
        "class_list_enforcement_mode": "enforce",
        "class_allow_list": [*terms.components],
    }


def _storage(folder: Path) -> Json:
    return _part("storages.filesystem_storage.FilesystemStorage", {"root_dir": str(folder), "uri_root": "/"})


def _part(path: str, args: Json) -> Json:
    return {"path": f"{_NVFLARE}.{path}", "args": args}


def _comm_config(joint: Joint, terms: Terms) -> Json:
    """How to connect, and the listener for job processes, which is at a random port of the machine otherwise."""
    internal: Json = {"scheme": "tcp", "resources": {"host": "127.0.0.1", "port": terms.internal_port}}
    options: list[JsonValue] = [[key, value] for key, value in joint.options]
    return {"allow_adhoc_conns": False, "backbone_conn_gen": 2, "internal": internal, "grpc": {"options": options}}


_NEVER = {"clone_job": "none", "shell_commands": "none", "byoc": "none"}

_SERVER_RIGHTS = {
    **dict.fromkeys(("submit_job", "manage_job", "download_job", "view", "operate"), "any"),
    # In no category of FLARE's: what is not named is denied.
    **dict.fromkeys(("get_job_log", "list_job", "download_job_components"), "any"),
    **_NEVER,
}
_CLIENT_RIGHTS = {**dict.fromkeys(("submit_job", "manage_job", "view"), "any"), "operate": "none", **_NEVER}

ROLES = ("project_admin", "org_admin", "lead", "member")


def _permissions(rights: dict[str, str]) -> Json:
    """Rights of the one role that exists. The others are named too, so that none falls back to a default."""
    nothing = dict.fromkeys(rights, "none")
    permissions: Json = {role: {**(rights if role == ADMIN_ROLE else nothing)} for role in ROLES}
    return {"format_version": "1.0", "permissions": permissions}


def log_config() -> Json:
    """Plain and JSON log files in the kit, 20 MB each, and the console. FLARE's own handlers, fewer of them."""
    formatters = "nvflare.fuel.utils.log_utils"
    text = "%(asctime)s - %(name)s - %(levelname)s - %(fl_ctx)s - %(message)s"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {"()": f"{formatters}.BaseFormatter", "fmt": text},
            "json": {"()": f"{formatters}.JsonFormatter", "fmt": text},
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "text", "stream": "ext://sys.stdout"},
            "text": _log_file("log.txt", "text", "DEBUG"),
            "errors": _log_file("error_log.txt", "text", "ERROR"),
            "json": _log_file("log.json", "json", "DEBUG"),
        },
        "loggers": {"root": {"level": "INFO", "handlers": ["console", "text", "errors", "json"]}},
    }


def _log_file(name: str, formatter: str, level: str) -> Json:
    return {
        "class": "logging.handlers.RotatingFileHandler",
        "level": level,
        "formatter": formatter,
        "filename": name,
        "mode": "a",
        "maxBytes": 20_971_520,
        "backupCount": 3,
    }
