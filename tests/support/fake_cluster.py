"""
As much of a Kubernetes API server as the launcher speaks to, in this process, with the means to make it fail.

It keeps the promises the launcher's contract depends on (versions, uids, label selectors, watches with history, 409, 404,
410, 422) and the same tests run against a real API server, which keeps it honest. There is no kubelet: tests say what
becomes of a pod.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from aiohttp import web

from fedpact.chassis.http import serving

Object = dict[str, Any]
KINDS = {"pods": "Pod", "secrets": "Secret", "services": "Service", "networkpolicies": "NetworkPolicy"}
ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


class RefusedError(Exception):
    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


@dataclass
class Cluster:
    """What the cluster holds. `used` is every (resource, verb) that was asked for."""

    objects: dict[tuple[str, str], Object] = field(default_factory=dict)
    history: list[tuple[int, str, str, Object]] = field(default_factory=list)
    """(version, resource, event, object)."""
    oldest: int = 0
    used: set[tuple[str, str]] = field(default_factory=set)
    failing: list[int] = field(default_factory=list)
    """Statuses of the next answers."""
    logs: dict[str, str] = field(default_factory=dict)
    _versions: "count[int]" = field(default_factory=lambda: count(1))
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _cut: int = 0

    async def change(self, resource: str, event: str, one: Object) -> Object:
        version = next(self._versions)
        one["metadata"]["resourceVersion"] = str(version)
        key = (resource, one["metadata"]["name"])
        if event == "DELETED":
            del self.objects[key]
        else:
            self.objects[key] = one
        async with self._news:
            self.history.append((version, resource, event, deepcopy(one)))
            self._news.notify_all()
        return one

    async def cut(self) -> None:
        """Break every watch off."""
        async with self._news:
            self._cut += 1
            self._news.notify_all()

    def forget(self) -> None:
        """Whoever watches on from an older version has to list anew."""
        self.oldest = self.version + 1
        self.history.clear()

    @property
    def version(self) -> int:
        return self.history[-1][0] if self.history else self.oldest

    async def news(self, resource: str, since: int) -> AsyncIterator[tuple[str, Object]]:
        cut = self._cut
        while cut == self._cut:
            for version, about, event, one in list(self.history):
                if version > since:
                    since = version
                    if about == resource:
                        yield event, one
            await self._newer(since, cut)

    async def _newer(self, version: int, cut: int) -> None:
        async with self._news:
            await self._news.wait_for(lambda: self.version > version or cut != self._cut)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_refusals(self)])
        core, networking = "/api/v1/namespaces/{ns}", "/apis/networking.k8s.io/v1/namespaces/{ns}"
        for base, resources in ((core, ("pods", "secrets", "services")), (networking, ("networkpolicies",))):
            for resource in resources:
                _routes(app, self, f"{base}/{resource}", resource)
        app.router.add_patch(f"{core}/pods/{{name}}/status", partial(_status, self))
        app.router.add_get(f"{core}/pods/{{name}}/log", partial(_log, self))
        return app


@asynccontextmanager
async def fake_cluster() -> AsyncIterator[tuple[Cluster, str]]:
    """A cluster and its address."""
    cluster = Cluster()
    async with serving(cluster.app(), "127.0.0.1", 0) as port:
        try:
            yield cluster, f"http://127.0.0.1:{port}"
        finally:
            await cluster.cut()


def _routes(app: web.Application, cluster: Cluster, path: str, resource: str) -> None:
    async def create(request: web.Request) -> web.Response:
        cluster.used.add((resource, "create"))
        one = json.loads(await request.text())
        name = one["metadata"]["name"]
        if (resource, name) in cluster.objects:
            raise RefusedError(409, "AlreadyExists", f'{resource} "{name}" already exists')
        _validate(resource, one)
        one["metadata"] |= {"uid": f"uid-{next(cluster._versions)}", "namespace": request.match_info["ns"]}
        if resource == "pods":
            one["status"] = {"phase": "Pending"}
        return _json(await cluster.change(resource, "ADDED", one), 201)

    async def listed(request: web.Request) -> web.StreamResponse:
        watches = request.query.get("watch") == "true"
        cluster.used.add((resource, "watch" if watches else "list"))
        wanted = dict(part.split("=", 1) for part in request.query.get("labelSelector", "").split(",") if part)
        if watches:
            return await _watch(cluster, request, resource, wanted)
        items = [one for (kind, _), one in cluster.objects.items() if kind == resource and _matches(one, wanted)]
        metadata = {"resourceVersion": str(cluster.version)}
        return _json({"kind": f"{KINDS[resource]}List", "apiVersion": "v1", "metadata": metadata, "items": items})

    async def get(request: web.Request) -> web.Response:
        cluster.used.add((resource, "get"))
        return _json(_found(cluster, resource, request))

    async def delete(request: web.Request) -> web.Response:
        cluster.used.add((resource, "delete"))
        one = _found(cluster, resource, request)
        await cluster.change(resource, "DELETED", one)
        return _json({"kind": "Status", "status": "Success"})

    app.router.add_post(path, create)
    app.router.add_get(path, listed)
    app.router.add_get(f"{path}/{{name}}", get)
    app.router.add_delete(f"{path}/{{name}}", delete)


async def _watch(cluster: Cluster, request: web.Request, resource: str, wanted: dict[str, str]) -> web.StreamResponse:
    since = int(request.query["resourceVersion"])
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    if since < cluster.oldest:
        gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
        await answer.write(json.dumps({"type": "ERROR", "object": gone}).encode() + b"\n")
        return answer
    async for event, one in cluster.news(resource, since):
        if _matches(one, wanted):
            await answer.write(json.dumps({"type": event, "object": one}).encode() + b"\n")
    return answer


async def _status(cluster: Cluster, request: web.Request) -> web.Response:
    one = _found(cluster, "pods", request)
    one["status"] |= json.loads(await request.text())["status"]
    return _json(await cluster.change("pods", "MODIFIED", one))


async def _log(cluster: Cluster, request: web.Request) -> web.Response:
    cluster.used.add(("pods/log", "get"))
    return web.Response(text=cluster.logs.get(request.match_info["name"], ""))


def _found(cluster: Cluster, resource: str, request: web.Request) -> Object:
    name = request.match_info["name"]
    if (resource, name) not in cluster.objects:
        raise RefusedError(404, "NotFound", f'{resource} "{name}" not found')
    return cluster.objects[resource, name]


def _matches(one: Object, wanted: dict[str, str]) -> bool:
    return wanted.items() <= one["metadata"].get("labels", {}).items()


def _validate(resource: str, one: Object) -> None:
    if resource != "pods":
        return
    for container in one["spec"]["containers"]:
        for variable in container.get("env", ()):
            if not ENV_NAME.fullmatch(variable["name"]):
                raise RefusedError(422, "Invalid", f'a variable cannot be called "{variable["name"]}"')


def _refusals(cluster: Cluster) -> Any:
    @web.middleware
    async def middleware(request: web.Request, handler: Any) -> web.StreamResponse:
        if cluster.failing:
            return _told(RefusedError(cluster.failing.pop(0), "InternalError", "scripted"))
        try:
            return await handler(request)
        except RefusedError as refused:
            return _told(refused)

    return middleware


def _told(refused: RefusedError) -> web.Response:
    status = {"kind": "Status", "status": "Failure", "code": refused.status, "reason": refused.reason}
    return _json({**status, "message": refused.message}, refused.status)


def _json(document: Object, status: int = 200) -> web.Response:
    """Without a character set, as an API server says it."""
    return web.Response(body=json.dumps(document).encode(), status=status, headers={"Content-Type": "application/json"})
