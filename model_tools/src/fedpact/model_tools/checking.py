"""
Whether a folder holds a model that sites can run, found out before anybody else sees it.

The same rules that registry, orchestrator and sites apply, each asked by itself and told with what to mend. Whatever
runs code of the model does so in a process of its own.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import JsonValue

from fedpact.contracts.envelope import DomainError
from fedpact.decision.bounds import compile_bounds, violations
from fedpact.decision.package import ModelCard
from fedpact.model_tools import payloads
from fedpact.model_tools.rendering import Runtime, serving
from fedpact.secure_runtime.adapters.loader import find_script
from fedpact.secure_runtime.adapters.package import package_digest, read_model_card
from fedpact.secure_runtime.domain.rendered import check_rendered

SITES = ("north-1", "south-1")
DATASETS = {"table_north_hospital": "north", "table_south_clinic": "south"}
INVALID = "payload-invalid"
SECONDS = 120.0


class Verdict(StrEnum):
    OK = "ok"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found."""

    verdict: Verdict
    subject: str
    text: str

    @property
    def line(self) -> str:
        return f"{self.verdict:6} {self.subject:10} {self.text}"


class _WrongError(Exception):
    """What a check found wrong, in a sentence that says what to mend."""


@dataclass(slots=True, kw_only=True)
class _Model:
    """The model under examination, and what earlier checks learned of it."""

    root: Path
    card: ModelCard
    runtimes: tuple[Runtime, Runtime]
    jobs: list[Mapping[str, str]]


def examine(root: Path) -> list[Finding]:
    """Every check in order. The first ones have to pass for the others to make sense."""
    findings: list[Finding] = []
    if not _passed(findings, "card", lambda: _card(root)) or not _passed(findings, "layout", lambda: _layout(root)):
        return findings
    card = read_model_card(root)
    _passed(findings, "schema", lambda: _schema(card))
    _passed(findings, "templates", lambda: _templates(find_script(root).parent / "templates"))
    with (
        tempfile.TemporaryDirectory(prefix="fedpact-") as first,
        tempfile.TemporaryDirectory(prefix="fedpact-") as other,
    ):
        try:
            with serving(root, Path(first)) as one, serving(root, Path(other)) as two:
                model = _Model(root=root, card=card, runtimes=(one, two), jobs=[])
                for subject, check in _RUNNING.items():
                    _passed(findings, subject, lambda check=check: check(model))  # type: ignore[misc]
        except DomainError as error:
            findings.append(Finding(verdict=Verdict.WRONG, subject="code", text=error.reason))
    return findings


def _passed(findings: list[Finding], subject: str, check: Callable[[], str]) -> bool:
    try:
        finding = Finding(verdict=Verdict.OK, subject=subject, text=check())
    except (_WrongError, DomainError) as wrong:
        finding = Finding(verdict=Verdict.WRONG, subject=subject, text=str(wrong))
    findings.append(finding)
    return finding.verdict is Verdict.OK


def _card(root: Path) -> str:
    card = read_model_card(root)
    return f"{card.id} {card.version}, {package_digest(root)}"


def _layout(root: Path) -> str:
    script = find_script(root)
    if not (root / "src").is_dir():
        raise _WrongError("there is no folder `src`: sites import the model's code from it")
    if not any((script.parent / "templates").glob("*.json")):
        raise _WrongError(f"there is no JSON template in `{(script.parent / 'templates').relative_to(root)}`")
    project = root / "pyproject.toml"
    if project.is_file():
        said = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {}).get("version")
        version = read_model_card(root).version
        if said not in (None, version):
            raise _WrongError(f"`pyproject.toml` says version {said}, the card {version}: they are one version")
    return f"rendering code at {script.relative_to(root)}"


def _schema(card: ModelCard) -> str:
    compile_bounds(card.payload_schema)
    if not card.examples:
        raise _WrongError("the card has no `examples`: give one payload that works, people start from it")
    for example in card.examples:
        for reason in violations(example.payload, card.payload_schema):
            raise _WrongError(f"the example `{example.title}` is not within `payload_schema`: {reason.text}")
    members = card.payload_schema.get("properties")
    named = len(members) if isinstance(members, dict) else 0
    return f"{named} members, {len(card.examples)} examples within it"


def _templates(folder: Path) -> str:
    """Templates are data: JSON objects without braces in any text, and nothing beside them."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    for path in paths:
        if path.suffix != ".json":
            raise _WrongError(f"`templates/{path.name}` is no JSON template: code and other files belong elsewhere")
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise _WrongError(f"`templates/{path.name}` is not JSON: {error}") from error
        for text in _texts(value):
            if "{" in text or "}" in text:
                raise _WrongError(
                    f"`templates/{path.name}` holds braces in `{text}`: FLARE would replace what is inside"
                )
    return f"{len(paths)} files, no code"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member, inner in value.items():
            yield member
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _renders(model: _Model) -> str:
    for example in model.card.examples:
        one, two = (runtime.render(example.payload, DATASETS) for runtime in model.runtimes)
        if one.error is not None:
            more = f": {_traceback(model, example.payload)}" if one.error.slug == "model-fault" else ""
            raise _WrongError(f"the example `{example.title}` is refused: {one.error.reason}{more}")
        if one.files != two.files:
            raise _WrongError(
                f"the example `{example.title}` is rendered otherwise by another process: take out chance"
            )
        checked = check_rendered(one.files or {}, sites=SITES, components=model.card.components)
        model.jobs.append(checked)
    return f"{len(model.jobs)} examples, twice the same to the byte"


def _refuses(model: _Model) -> str:
    """What the schema forbids, the code forbids too: a policy without bounds asks nobody else."""
    if not model.card.examples:
        return "nothing to vary: no example"
    tried = 0
    for member, payload in payloads.forbidden(model.card.payload_schema, model.card.examples[0].payload):
        if not violations(payload, model.card.payload_schema):
            continue
        tried += 1
        error = model.runtimes[0].render(payload, DATASETS).error
        given = json.dumps(payload[member])[:60]
        if error is None:
            raise _WrongError(
                f"`payload_schema` forbids `{member}` = {given}, and the code takes it: refuse it in `parse`"
            )
        if error.slug != INVALID:
            told = _traceback(model, payload) or error.reason
            raise _WrongError(f"`{member}` = {given} should end in a ValueError with a text for its sender: {told}")
    return f"{tried} payloads outside the schema"


def _classes(model: _Model) -> str:
    """Every class of the rendered jobs is there and takes its arguments."""
    components = {json.dumps(one, sort_keys=True): one for job in model.jobs for one in _components(job)}
    done = _probe("classes", list(components.values()), model.root)
    if done.returncode:
        raise _WrongError(f"the classes could not be looked at: {_last_line(done.stderr)}")
    for fault in json.loads(done.stdout):
        raise _WrongError(fault)
    return f"{len({one['path'] for one in components.values()})} classes, all of them there"


_RUNNING: Mapping[str, Callable[[_Model], str]] = {"renders": _renders, "refuses": _refuses, "classes": _classes}


def _components(job: Mapping[str, str]) -> Iterator[Mapping[str, JsonValue]]:
    def walk(value: object) -> Iterator[Mapping[str, JsonValue]]:
        if isinstance(value, dict):
            if isinstance(value.get("path"), str):
                yield {"path": value["path"], "args": value.get("args") or {}}
            for inner in value.values():
                yield from walk(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner)

    for name, text in sorted(job.items()):
        if "config_fed" in name:
            yield from walk(json.loads(text))


def _traceback(model: _Model, payload: Mapping[str, JsonValue]) -> str:
    """Where the model's code failed, for its author."""
    done = _probe("render", {"root": str(model.root), "payload": dict(payload), "sites": DATASETS}, model.root)
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    places = [line for line in lines if line.startswith("File ")]
    return f"{lines[-1]} ({places[-1]})" if lines and places else ""


def _probe(what: str, asked: object, root: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-B", "-m", "fedpact.model_tools.probe", what],
        input=json.dumps(asked),
        env={"PYTHONPATH": str(root / "src"), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def _last_line(text: str) -> str:
    lines: Sequence[str] = text.strip().splitlines()
    return lines[-1] if lines else "no reason was given"
