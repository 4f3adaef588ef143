"""
The form of an asset policy made into the document, and back.

Five sections: details, datasets, beneficiaries, permissions, signature. The fields of a rule begin with its number in
the form, so that rules can be added and dropped without renaming anything. Times are UTC. What stands in the form is
never judged here: the contract and the policy service do that.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from multidict import MultiDict, MultiDictProxy
from pydantic import JsonValue

from fedpact.contracts import strict_json
from fedpact.contracts.api import ModelView
from fedpact.contracts.envelope import DomainError
from fedpact.contracts.policies import PolicyDocument, Rule
from fedpact.portal.domain.errors import MalformedRequestError
from fedpact.portal.entrypoints.pages.forms import Form

ADD, DROP = "add", "drop"
"""Buttons: one more rule; the rule with that number away."""
KINDS = ("permissions", "privacy")
RESOURCES = ("cpu", "gpu", "memory")
ANY = "*"
_OTHER = re.compile(r"[^a-z0-9]+")
MINUTES = "%Y-%m-%dT%H:%M"


def numbers(form: Form) -> Sequence[str]:
    """The numbers of the rules, after what the pressed button asks."""
    found = [number for number in form.many("rule") if number.isdecimal() and number != form.text(DROP)]
    if form.ticked(ADD) or not found:
        found.append(str(max((int(number) for number in form.many("rule") if number.isdecimal()), default=-1) + 1))
    return found


def document(form: Form, organization: str, addresses: Mapping[str, str]) -> PolicyDocument:
    """The policy that stands in the form, speaking for `organization`. `addresses`: e-mail address -> user."""
    named: dict[str, object] = {name: _lines(form, name) for name in ("groups", "organizations")}
    told: dict[str, object] = {
        "id": form.text("id") or id_for(form.text("name")),
        "revision": form.given("revision") or 1,
        "name": form.text("name"),
        "description": form.text("description"),
        "organization": organization,
        "datasets": [{"id": name, "objects": _lines(form, f"objects-{name}")} for name in form.many("datasets")],
        "beneficiaries": named | {"users": [_user(text, addresses) for text in _lines(form, "users")]},
        "rules": [_rule(form, number, place) for place, number in enumerate(numbers(form))],
        "not_before": _moment(form, "not_before"),
        "not_after": _moment(form, "not_after"),
    }
    return PolicyDocument.model_validate(told)


def id_for(name: str) -> str:
    """An id that a person recognizes the policy by."""
    return _OTHER.sub("-", name.lower()).strip("-")[:40].strip("-")


def filled(policy: PolicyDocument, revision: int) -> Form:
    """The form that holds `policy`, to be published as `revision`."""
    return Form(MultiDictProxy(MultiDict(list(_fields(policy, revision)))))


def beginning(dataset: str) -> Form:
    """An empty form, perhaps with a dataset chosen."""
    return Form(MultiDictProxy(MultiDict([("datasets", dataset)] if dataset else [])))


def controls(model: ModelView | None, chosen: Sequence[str], kind: str) -> Sequence[str]:
    """The names a rule about these versions can use: permissions of any of them, privacy controls of each."""
    versions = [one for one in model.versions if not chosen or ANY in chosen or one.version in chosen] if model else []
    names = [set(one.permissions if kind == "permissions" else one.privacy) for one in versions]
    if not names:
        return []
    return sorted(set.union(*names) if kind == "permissions" else set.intersection(*names))


def parameters(model: ModelView | None) -> Sequence[str]:
    """The parameters the newest version takes, as its card says."""
    properties = model.versions[-1].payload_schema.get("properties") if model and model.versions else None
    return sorted(properties) if isinstance(properties, Mapping) else []


def _rule(form: Form, number: str, place: int) -> dict[str, object]:
    said: dict[str, object] = {
        "model": form.text(f"{number}-model"),
        "versions": form.many(f"{number}-versions") or (ANY,),
    }
    for kind in KINDS:
        prefix = f"{number}-{kind}-"
        named = [name for name in dict.fromkeys(form.fields) if name.startswith(prefix) and form.text(name)]
        said[kind] = {name.removeprefix(prefix): _value(form.text(name)) for name in named}
    if form.given(f"{number}-bounds"):
        said["bounds"] = _json(form.text(f"{number}-bounds"), f"rules.{place}.bounds")
    if enforced := form.many(f"{number}-enforced"):
        said["enforced"] = enforced
    resources = {name: form.given(f"{number}-{name}") for name in RESOURCES}
    if any(resources.values()):
        said["resources"] = {name: value for name, value in resources.items() if value is not None}
    return said


def _fields(policy: PolicyDocument, revision: int) -> Iterator[tuple[str, str]]:
    yield from (("id", policy.id), ("revision", str(revision)), ("name", policy.name))
    yield "description", policy.description
    for scope in policy.datasets:
        yield "datasets", scope.id
        yield f"objects-{scope.id}", "\n".join(scope.objects)
    named = policy.beneficiaries
    for name, values in (("users", named.users), ("groups", named.groups), ("organizations", named.organizations)):
        yield name, "\n".join(values)
    for name, moment in (("not_before", policy.not_before), ("not_after", policy.not_after)):
        yield name, moment.astimezone(UTC).strftime(MINUTES) if moment else ""
    for number, rule in enumerate(policy.rules):
        yield "rule", str(number)
        yield from _rule_fields(rule, number)


def _rule_fields(rule: Rule, number: int) -> Iterator[tuple[str, str]]:
    yield f"{number}-model", rule.model
    yield from ((f"{number}-versions", version) for version in rule.versions)
    yield from ((f"{number}-enforced", limit.value) for limit in rule.enforced)
    for kind, values in (("permissions", rule.permissions), ("privacy", rule.privacy)):
        yield from ((f"{number}-{kind}-{name}", _written(value)) for name, value in values.items())
    if rule.bounds is not None:
        yield f"{number}-bounds", _written(rule.bounds)
    if rule.resources is not None:
        yield from ((f"{number}-{name}", f"{getattr(rule.resources, name):g}") for name in RESOURCES)


def _user(text: str, addresses: Mapping[str, str]) -> str:
    """The user with that id or full e-mail address."""
    if "@" not in text:
        return text
    if text.lower() not in addresses:
        raise MalformedRequestError(f"nobody in this federation has the address `{text}`", path="users")
    return addresses[text.lower()]


def _value(text: str) -> JsonValue:
    """JSON where it is JSON; plain text otherwise."""
    try:
        return strict_json.loads(text)
    except DomainError:
        return text


def _json(text: str, path: str) -> JsonValue:
    try:
        return strict_json.loads(text)
    except DomainError as error:
        raise MalformedRequestError(error.reason, path=path) from error


def _written(value: JsonValue) -> str:
    return value if isinstance(value, str) else strict_json.dumps(value).decode()


def _lines(form: Form, name: str) -> list[str]:
    """One a line; commas separate too."""
    found = (part.strip() for text in form.many(name) for part in text.replace(",", "\n").splitlines())
    return [part for part in found if part]


def _moment(form: Form, name: str) -> datetime | None:
    text = form.given(name)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise MalformedRequestError("write it as `2027-01-31T12:00`", path=name) from error
