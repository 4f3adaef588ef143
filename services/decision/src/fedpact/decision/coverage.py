"""
Does one rule of one policy cover a request on one dataset, and if not, why not.

A `Trial` is the answer about one rule. It knows whether the requester may see the policy: only one that names
the requester as beneficiary. Trials are compared by how near they came, so that the requester is told the
least there is to change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from pydantic import JsonValue

from fedpact.contracts.ids import dataset_organization
from fedpact.contracts.pact import ModelRef, Person, PinnedModel, Resources
from fedpact.contracts.policies import PolicyDocument, Reason, Rule
from fedpact.decision import bounds
from fedpact.decision.errors import BoundsError

ANY_VERSION = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who wants to run what on which datasets, now. `resources` are those of each client."""

    requester: Person
    model: ModelRef | PinnedModel
    datasets: tuple[str, ...]
    resources: Resources
    parameters: Mapping[str, JsonValue] | None = None
    roots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Derived dataset -> what it holds data of."""
    now: datetime

    @property
    def sources(self) -> tuple[str, ...]:
        """Whose policies decide: the datasets themselves, and instead of a derived one its roots."""
        return tuple(sorted({source for one in self.datasets for source in self.sources_of(one)}))

    def sources_of(self, dataset: str) -> tuple[str, ...]:
        """What one dataset holds data of."""
        return self.roots.get(dataset, (dataset,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """The one rule that covers a dataset."""

    policy: str
    revision: int
    index: int
    rule: Rule

    @property
    def name(self) -> str:
        """The rule's name in reasons and grants: `<policy>#<index>`."""
        return f"{self.policy}#{self.index}"


class Nearness(IntEnum):
    """How far a rule came towards covering."""

    HIDDEN = 0
    """Not for this requester, or void: to the requester it does not exist."""
    WINDOW = 1
    MODEL = 2
    VERSION = 3
    LIMITS = 4
    """Only resources or parameters are in the way."""
    COVERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of one rule (or of a whole policy, then without `covering`)."""

    nearness: Nearness
    reasons: tuple[Reason, ...]
    covering: Covering | None = None

    @property
    def covers(self) -> bool:
        return self.nearness is Nearness.COVERS

    @property
    def rank(self) -> tuple[int, int]:
        """The greater, the less there is to change."""
        return self.nearness, -len(self.reasons)


def trials(request: Request, dataset: str, document: PolicyDocument) -> Iterator[Trial]:
    """What each rule of a policy in whose scope `dataset` is says about `request`, in the order of the rules."""
    about = _About(dataset=dataset, rule=document.id)
    if document.organization != dataset_organization(dataset):
        text = f"policy `{document.id}` is of `{document.organization}`, which does not own `{dataset}`"
        yield about.void("not_owner", text)
    elif not is_beneficiary(request.requester, document):
        text = f"policy `{document.id}` does not name `{request.requester.user}` as beneficiary"
        yield about.void("not_beneficiary", text)
    elif not in_force(document, request.now):
        yield about.outside_window(document)
    elif not document.rules:
        yield about.void("no_rules", f"policy `{document.id}` has no rules, so it allows nothing")
    else:
        for index, rule in enumerate(document.rules):
            covering = Covering(policy=document.id, revision=document.revision, index=index, rule=rule)
            yield _trial(request, dataset, covering)


def is_beneficiary(requester: Person, document: PolicyDocument) -> bool:
    """Whether the policy names the requester, a group or the organization of the requester."""
    named = document.beneficiaries
    return (
        requester.user in named.users
        or requester.organization in named.organizations
        or not set(requester.groups).isdisjoint(named.groups)
    )


def in_force(document: PolicyDocument, now: datetime) -> bool:
    """Whether `now` lies in the policy's window; its end is already outside."""
    begun = document.not_before is None or document.not_before <= now
    return begun and (document.not_after is None or now < document.not_after)


def _trial(request: Request, dataset: str, covering: Covering) -> Trial:
    about = _About(dataset=dataset, rule=covering.name)
    model, rule = request.model, covering.rule
    if rule.model != model.id:
        return about.model_not_covered(request, rule)
    if model.version not in rule.versions and ANY_VERSION not in rule.versions:
        return about.version_not_covered(request, rule)
    try:
        if rule.bounds is not None:
            bounds.compile_bounds(rule.bounds)
        reasons = (*_resources(request, rule, about), *_parameters(request, rule, about))
    except BoundsError as error:
        where = f" at `{error.path}`" if error.path else ""
        text = f"rule `{covering.name}` allows nothing: its bounds are outside the profile{where}: {error.reason}"
        return about.void("bounds_outside_profile", text, path=error.path)
    if reasons:
        return Trial(nearness=Nearness.LIMITS, reasons=reasons)
    covered = about.reason("covered", f"rule `{covering.name}` covers `{dataset}`")
    return Trial(nearness=Nearness.COVERS, reasons=(covered,), covering=covering)


def _resources(request: Request, rule: Rule, about: "_About") -> Iterator[Reason]:
    if rule.resources is None:
        return
    for name in ("cpu", "gpu", "memory"):
        limit, wanted = getattr(rule.resources, name), getattr(request.resources, name)
        if wanted > limit:
            yield about.reason(
                "resources_exceeded", f"a client may use at most {limit} {name} on this dataset"
            ).model_copy(
                update={
                    "path": f"resources.clients.{name}",
                    "expected": limit,
                    "given": wanted,
                    "suggestion": f"use `{limit}`",
                }
            )


def _parameters(request: Request, rule: Rule, about: "_About") -> Iterator[Reason]:
    """A parameter that was not declared is no violation yet: the whole payload is checked before it runs."""
    if request.parameters is None or rule.bounds is None:
        return
    for reason in bounds.violations(dict(request.parameters), rule.bounds):
        if reason.code != bounds.MISSING:
            yield reason.model_copy(update={"dataset": about.dataset, "rule": about.rule})


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """Words a trial about one rule and dataset is told in."""

    dataset: str
    rule: str

    def reason(self, code: str, text: str) -> Reason:
        return Reason(code=code, text=text, dataset=self.dataset, rule=self.rule)

    def void(self, code: str, text: str, path: str = "") -> Trial:
        return Trial(nearness=Nearness.HIDDEN, reasons=(self.reason(code, text).model_copy(update={"path": path}),))

    def outside_window(self, document: PolicyDocument) -> Trial:
        begin, end = (at.isoformat() if at else None for at in (document.not_before, document.not_after))
        window = " ".join(
            part for part in (f"from `{begin}`" if begin else "", f"until `{end}`" if end else "") if part
        )
        reason = self.reason("outside_window", f"policy `{document.id}` is in force {window} only")
        change = {
            "expected": {"not_before": begin, "not_after": end},
            "suggestion": "ask the custodian for a new window",
        }
        return Trial(nearness=Nearness.WINDOW, reasons=(reason.model_copy(update=change),))

    def model_not_covered(self, request: Request, rule: Rule) -> Trial:
        reason = self.reason("model_not_covered", f"model `{request.model.id}` is not allowed on `{self.dataset}`")
        change = {
            "path": "model.id",
            "expected": rule.model,
            "given": request.model.id,
            "suggestion": f"use model `{rule.model}`",
        }
        return Trial(nearness=Nearness.MODEL, reasons=(reason.model_copy(update=change),))

    def version_not_covered(self, request: Request, rule: Rule) -> Trial:
        model, versions = request.model, list(rule.versions)
        text = f"version `{model.version}` of model `{model.id}` is not allowed on `{self.dataset}`"
        change: dict[str, object] = {"path": "model.version", "expected": versions, "given": model.version}
        if versions:
            change["suggestion"] = f"use version `{versions[-1]}`"
        return Trial(
            nearness=Nearness.VERSION, reasons=(self.reason("version_not_covered", text).model_copy(update=change),)
        )
