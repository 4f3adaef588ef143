"""
What a rendered job may say, checked again by whoever submits it.

The model's code made these files from a stranger's payload, so nothing in them is believed: only the expected
files, only this activation's sites, only the model's own classes, no image, launcher or custom code, and no braces,
because FLARE replaces `{...}` in any configuration string by variables and by the site's environment.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import NoReturn

from fedpact.contracts import strict_json
from fedpact.contracts.ids import SERVER
from fedpact.contracts.strict_json import MalformedError
from fedpact.secure_runtime.domain.errors import RenderedJobError

META = "meta.json"
ALL = "@ALL"

_CONFIG = re.compile(r"(?P<app>app[A-Za-z0-9_-]{0,40})/config/config_fed_(?P<side>server|client)\.json")
_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+")
_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_META_MEMBERS = frozenset({"name", "resource_spec", "min_clients", "mandatory_clients", "deploy_map"})
_INDIRECT = ("name", "class_path", "config_type", "class_attributes")
_BUILDERS = frozenset({"components", "workflows", "filters", "executor"})

Json = Mapping[str, object]


def check_rendered(files: Mapping[str, str], *, sites: tuple[str, ...], components: tuple[str, ...]) -> dict[str, str]:
    """
    The job as it may be submitted: the same files, with the deployment written out site by site.

    `sites` are the activation's participants, `components` the model's class prefixes (a trailing dot is a package).
    """
    if META not in files:
        _refuse("the job has no `meta.json`", META)
    configs = {name: _config_of(name) for name in files if name != META}
    meta = _object(files[META], META)
    deployed = _deployment(meta, sites)
    _check_meta(meta, deployed)
    _check_apps(deployed, set(configs.values()))
    for name in configs:
        _check_config(_object(files[name], name), name, components)
    written = {**meta, "resource_spec": {}, "deploy_map": {app: list(where) for app, where in deployed.items()}}
    return {**files, META: json.dumps(written, indent=2, sort_keys=True)}


def _refuse(reason: str, path: str) -> NoReturn:
    raise RenderedJobError(reason, path=path)


def _config_of(name: str) -> tuple[str, str]:
    match = _CONFIG.fullmatch(name)
    if match is None:
        _refuse("a job holds `meta.json` and `app*/config/config_fed_{server,client}.json`, nothing else", name)
    return match["app"], match["side"]


def _object(text: str, name: str) -> Json:
    try:
        value = strict_json.loads(text)
    except MalformedError as fault:
        raise RenderedJobError(fault.reason, path=name) from fault
    if not isinstance(value, dict):
        _refuse("the file is not a JSON object", name)
    return value


def _deployment(meta: Json, sites: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    deploy_map = meta.get("deploy_map")
    if not isinstance(deploy_map, dict) or not deploy_map:
        _refuse("the job says nowhere where it is deployed", f"{META}:deploy_map")
    if any(where == [ALL] for where in deploy_map.values()):
        if len(deploy_map) > 1:
            _refuse(f"`{ALL}` leaves no site for another app", f"{META}:deploy_map")
        return dict.fromkeys(deploy_map, (SERVER, *sites))
    known = {SERVER, *sites}
    seen: list[str] = []
    for app, where in deploy_map.items():
        if not isinstance(where, list) or not where or not all(isinstance(site, str) for site in where):
            _refuse("an app is deployed to a list of site names", f"{META}:deploy_map.{app}")
        if not known.issuperset(where):
            _refuse("an app is deployed to a site that is not in this activation", f"{META}:deploy_map.{app}")
        seen.extend(where)
    if len(set(seen)) != len(seen):
        _refuse("a site gets more than one app", f"{META}:deploy_map")
    return {app: tuple(where) for app, where in deploy_map.items()}


def _check_meta(meta: Json, deployed: Mapping[str, tuple[str, ...]]) -> None:
    for member in sorted(meta.keys() - _META_MEMBERS):
        _refuse(f"the job may not set `{member}`; allowed are {', '.join(sorted(_META_MEMBERS))}", f"{META}:{member}")
    name = meta.get("name")
    if not isinstance(name, str) or not _JOB_NAME.fullmatch(name):
        _refuse("the job's name is 1 to 64 letters, digits, spaces, dots, `_` or `-`", f"{META}:name")
    if meta.get("resource_spec", {}) != {}:
        _refuse("resources come from the compute spec, a job may not ask for its own", f"{META}:resource_spec")
    clients = {site for where in deployed.values() for site in where if site != SERVER}
    if not clients:
        _refuse("the job runs at no gateway", f"{META}:deploy_map")
    least = meta.get("min_clients")
    if type(least) is not int or not 1 <= least <= len(clients):
        _refuse(f"`min_clients` is a whole number from 1 to {len(clients)}", f"{META}:min_clients")
    mandatory = meta.get("mandatory_clients", [])
    if not isinstance(mandatory, list) or not all(isinstance(site, str) and site in clients for site in mandatory):
        _refuse("`mandatory_clients` is a list of sites the job is deployed to", f"{META}:mandatory_clients")


def _check_apps(deployed: Mapping[str, tuple[str, ...]], configs: set[tuple[str, str]]) -> None:
    if not any(SERVER in where for where in deployed.values()):
        _refuse(f"no app is deployed to `{SERVER}`", f"{META}:deploy_map")
    for app, where in deployed.items():
        sides = {"server" if site == SERVER else "client" for site in where}
        for side in sorted(sides):
            if (app, side) not in configs:
                _refuse("an app is deployed without its configuration", f"{app}/config/config_fed_{side}.json")
    for app, side in sorted(configs):
        if app not in deployed:
            _refuse("an app is deployed to no site", f"{app}/config/config_fed_{side}.json")


def _check_config(config: Json, name: str, components: tuple[str, ...]) -> None:
    for member in config:
        if member.startswith("@"):
            _refuse("a configuration may not define what FLARE expands", f"{name}:{member}")
    for path, parent, value in _walk(config, "", ""):
        where = f"{name}:{path}"
        if isinstance(value, str) and ("{" in value or "}" in value):
            _refuse("a text holds braces, which FLARE would replace by variables of the site", where)
        if isinstance(value, dict) and ("path" in value or parent in _BUILDERS):
            _check_component(value, where, components)
        elif isinstance(value, dict) and any(word in value for word in _INDIRECT):
            _refuse("a component is named by `path` and nothing else", where)


def _check_component(component: Json, where: str, components: tuple[str, ...]) -> None:
    if any(word in component for word in _INDIRECT):
        _refuse("a component is named by `path` and nothing else", where)
    path = component.get("path")
    if path is None and not component:
        return
    if not isinstance(path, str) or not _CLASS.fullmatch(path):
        _refuse("a component needs the full name of its class in `path`", where)
    if not any(path.startswith(prefix) if prefix.endswith(".") else path == prefix for prefix in components):
        _refuse(f"the class `{path}` is not among the model's components", where)


def _walk(value: object, path: str, parent: str) -> Iterator[tuple[str, str, object]]:
    yield path, parent, value
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from _walk(inner, f"{path}.{member}" if path else member, member)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, f"{path}.{index}", parent)
