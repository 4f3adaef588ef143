"""Whether the rules of a policy can be applied: models, versions, controls and bounds that somebody understands."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from fedpact.contracts.policies import PolicyDocument, Rule
from fedpact.contracts.registry import ModelChanged, VersionRecord
from fedpact.decision.bounds import compile_bounds
from fedpact.decision.errors import BoundsError
from fedpact.policy.domain.errors import (
    BoundsRefusedError,
    UnknownControlError,
    UnknownModelError,
    UnknownVersionError,
)

ANY = "*"


def check(document: PolicyDocument, models: Mapping[str, ModelChanged]) -> None:
    """Refuses a policy with a rule nobody could apply."""
    for index, rule in enumerate(document.rules):
        path = f"document.rules.{index}"
        versions = _versions(rule, models, path)
        _check_controls(rule, versions, path)
        _check_bounds(rule, path)


def _versions(rule: Rule, models: Mapping[str, ModelChanged], path: str) -> list[VersionRecord]:
    """The registered versions the rule is about."""
    model = models.get(rule.model)
    if model is None:
        text = f"there is no model `{rule.model}`{_near(rule.model, models)}"
        raise UnknownModelError(text, path=f"{path}.model")
    if not rule.versions:
        raise UnknownVersionError(f"the rule names no version: use `{ANY}` for all", path=f"{path}.versions")
    known = {record.version: record for record in model.versions}
    for position, version in enumerate(rule.versions):
        if version != ANY and version not in known:
            text = f"model `{rule.model}` has no version `{version}`{_near(version, known)}"
            raise UnknownVersionError(text, path=f"{path}.versions.{position}")
    return [record for record in model.versions if ANY in rule.versions or record.version in rule.versions]


def _check_controls(rule: Rule, versions: list[VersionRecord], path: str) -> None:
    """A permission has to mean something to one of the versions; a privacy control has to protect in each."""
    if not versions:
        return
    permissions = set().union(*(record.permissions for record in versions))
    privacy = set(versions[0].privacy).intersection(*(record.privacy for record in versions))
    kinds = (
        ("permission", "permissions", rule.permissions, permissions),
        ("privacy control", "privacy", rule.privacy, privacy),
    )
    for kind, member, given, known in kinds:
        for name in given:
            if name not in known:
                text = f"model `{rule.model}` has no {kind} `{name}` in the versions of this rule{_near(name, known)}"
                raise UnknownControlError(text, path=f"{path}.{member}.{name}")


def _check_bounds(rule: Rule, path: str) -> None:
    if rule.bounds is None:
        return
    try:
        compile_bounds(rule.bounds)
    except BoundsError as error:
        where = ".".join(filter(None, (f"{path}.bounds", error.path)))
        raise BoundsRefusedError(f"these bounds cannot be enforced: {error.reason}", path=where) from error


def _near(name: str, known: Iterable[str]) -> str:
    """What the person may have meant, or what there is."""
    names = sorted(known)
    close = get_close_matches(name, names, n=3, cutoff=0.5) or names[:5]
    listed = ", ".join(f"`{item}`" for item in close)
    return f": use one of {listed}" if listed else ": there is none to name"
