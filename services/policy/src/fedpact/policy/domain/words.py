"""
What a rule allows, in a sentence.

Whoever edits a policy reads this instead of the document, so nothing that limits is left out of it; a limit that is
not said in words would be one nobody meant.
"""

import math
from collections.abc import Iterable, Iterator, Mapping

from pydantic import JsonValue

from fedpact.contracts import strict_json
from fedpact.contracts.pact import Resources
from fedpact.contracts.policies import Beneficiaries, DatasetScope, PolicyDocument, Rule
from fedpact.decision.bounds import compile_bounds
from fedpact.decision.profile import Node, Type


def allowance(document: PolicyDocument, scope: DatasetScope, rule: Rule, versions: tuple[str, ...]) -> str:
    """Who may run what on which data, when, and within which limits. `versions` are those registered by now."""
    where = f"{_listed(scope.objects)} in {scope.id}" if scope.objects else scope.id
    begin = f"{_who(document.beneficiaries)} may run {rule.model} {_versions(rule, versions)} on {where}"
    return "; ".join([begin + _window(document), *_limits(rule)])


def _who(named: Beneficiaries) -> str:
    parts = [
        *named.users,
        *(f"group {group}" for group in named.groups),
        *(f"everybody of {organization}" for organization in named.organizations),
    ]
    return _listed(parts)


def _versions(rule: Rule, versions: tuple[str, ...]) -> str:
    if "*" in rule.versions:
        return f"in every version ({_listed(versions)}, and later ones)" if versions else "in every later version"
    return _listed(versions)


def _window(document: PolicyDocument) -> str:
    begins = f" from {document.not_before:%Y-%m-%d %H:%M %Z}" if document.not_before else ""
    ends = f" until {document.not_after:%Y-%m-%d %H:%M %Z}" if document.not_after else ""
    return begins + ends


def _limits(rule: Rule) -> Iterator[str]:
    if rule.permissions:
        yield f"permitted: {_pairs(rule.permissions)}"
    yield _parameters(rule)
    if rule.privacy:
        yield f"protected by {_pairs(rule.privacy)}"
    if rule.resources:
        yield f"at most {_resources(rule.resources)} for each client"
    if rule.enforced:
        yield f"only where the gateway enforces {_listed(rule.enforced)}"


def _parameters(rule: Rule) -> str:
    if rule.bounds is None:
        return "any parameters the model accepts"
    said = list(_members(compile_bounds(rule.bounds).root, ""))
    return f"with {'; '.join(said)}; and no other parameter" if said else "without any parameter"


def _members(node: Node, path: str) -> Iterator[str]:
    for name, child in node.properties.items():
        where = f"{path}.{name}" if path else name
        need = "" if name in node.required else " (may be left out)"
        yield f"{where} {_value(child)}{need}"
        yield from _members(child, where)


def _value(node: Node) -> str:
    if node.values is not None:
        return "one of " + ", ".join(map(_plain, node.values)) if len(node.values) > 1 else _plain(*node.values)
    match node.type:
        case Type.INTEGER | Type.NUMBER:
            return _range(node)
        case Type.STRING:
            return f"a text of at most {node.max_length} characters"
        case Type.ARRAY:
            assert node.items is not None
            return f"at most {node.max_items} of: {_value(node.items)}"
        case Type.OBJECT:
            return "with members"
        case Type.BOOLEAN | Type.NULL:
            return "yes or no" if node.type is Type.BOOLEAN else "nothing"


def _range(node: Node) -> str:
    (low, above), (high, below) = node.lower, node.upper
    parts = [
        *([f"above {_plain(low)}" if above else f"from {_plain(low)}"] if low != -math.inf else []),
        *([f"below {_plain(high)}" if below else f"to {_plain(high)}"] if high != math.inf else []),
        *([f"in steps of {_plain(node.multiple_of)}"] if node.multiple_of is not None else []),
    ]
    return " ".join(parts) or "any number"


def _resources(limit: Resources) -> str:
    return f"{limit.cpu:g} CPU, {limit.gpu} GPU, {limit.memory} MB"


def _pairs(named: Mapping[str, JsonValue]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in named.items())


def _plain(value: JsonValue) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return f"`{value}`"
        case list():
            return _listed([_plain(item) for item in value]) if value else "nothing"
        case _:
            return strict_json.dumps(value).decode()


def _listed(items: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *front, last = items
    return f"{', '.join(front)} and {last}" if front else last
