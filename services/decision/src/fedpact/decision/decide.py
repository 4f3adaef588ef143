"""
May this run? One pure function that every door asks, each with its own evidence.

Deny by default: every dataset, or every root of a derived one, needs one rule of one policy in force that admits
everything declared. Several
rules are alternatives; the first in the order (policy id, rule index) that admits the request covers, so that
every door finds the same. A decision carries its reasons as data: the requester's hold nothing derived from a
policy that does not name them; the custodian's hold all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fedpact.contracts.ids import dataset_organization
from fedpact.contracts.policies import Bounds, Permissions, PolicyDocument, Reason
from fedpact.decision.coverage import Covering, Nearness, Request, Trial, in_force, trials
from fedpact.decision.restrict import strictest_permissions, strictest_privacy

__all__ = ["Covering", "Decision", "Request", "decide", "effective_for_object"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict. Only an allowing one holds rules and what follows from them."""

    allowed: bool
    reasons: tuple[Reason, ...]
    """For the requester."""
    custodian_reasons: Mapping[str, tuple[Reason, ...]]
    """Organization of a custodian -> what its owner sees."""
    covering: Mapping[str, Covering] = field(default_factory=dict)
    """Dataset, or root of a derived one -> the rule that covers it."""
    permissions: Permissions = field(default_factory=dict)
    privacy: Permissions = field(default_factory=dict)
    bounds: tuple[Bounds, ...] = ()
    """The covering rules' bounds; a payload keeps within each."""

    @property
    def rules(self) -> dict[str, str]:
        """Dataset -> `<policy>#<index>`, as grants name it."""
        return {dataset: covering.name for dataset, covering in self.covering.items()}

    @property
    def revisions(self) -> dict[str, int]:
        """Policy id -> revision that the verdict stands on."""
        return {covering.policy: covering.revision for covering in self.covering.values()}


def decide(request: Request, documents: Iterable[PolicyDocument]) -> Decision:
    """Whether `documents` allow `request`, by which rules, and why or why not."""
    if not request.datasets:
        reason = Reason(code="no_datasets", text="a spec needs at least one dataset", path="datasets")
        return Decision(allowed=False, reasons=(reason,), custodian_reasons={})
    newest = _newest(documents)
    tried = {
        dataset: [
            trial for document in newest if _whole(document, dataset) for trial in trials(request, dataset, document)
        ]
        for dataset in request.sources
    }
    covering = {dataset: found for dataset, attempts in tried.items() if (found := _first(attempts)) is not None}
    custodian = _for_custodians(tried)
    reasons = tuple(reason for dataset, attempts in tried.items() for reason in _for_requester(dataset, attempts))
    if covering.keys() != tried.keys():
        return Decision(allowed=False, reasons=reasons, custodian_reasons=custodian)
    return _allowing(covering, reasons, custodian)


def effective_for_object(
    request: Request, documents: Iterable[PolicyDocument], dataset: str, path: str
) -> Covering | None:
    """
    The rule for one object of `dataset`, `path` below its root: an object's policy overrides its folder's.

    Of the policies in force only those with the most specific scope count, whoever they are for, so that an
    object set aside for one requester is closed to those whom the folder is open to.
    """
    in_scope = [
        (specificity, document)
        for document in _newest(documents)
        if document.rules and document.organization == dataset_organization(dataset)
        if in_force(document, request.now) and (specificity := _specificity(document, dataset, path)) is not None
    ]
    if not in_scope:
        return None
    most = max(specificity for specificity, _ in in_scope)
    return _first([t for specificity, d in in_scope if specificity == most for t in trials(request, dataset, d)])


def _allowing(
    covering: Mapping[str, Covering], reasons: tuple[Reason, ...], custodian: Mapping[str, tuple[Reason, ...]]
) -> Decision:
    rules = [found.rule for found in covering.values()]
    privacy = strictest_privacy(rule.privacy for rule in rules)
    if privacy.conflicts:
        names = ", ".join(f"`{name}`" for name in privacy.conflicts)
        text = f"the custodians of these datasets contradict each other on {names}: leave one of the datasets out"
        conflict = Reason(code="privacy_conflict", text=text, path="datasets", suggestion="leave one dataset out")
        told = {organization: (*seen, conflict) for organization, seen in custodian.items()}
        return Decision(allowed=False, reasons=(conflict,), custodian_reasons=told)
    return Decision(
        allowed=True,
        reasons=reasons,
        custodian_reasons=custodian,
        covering=covering,
        permissions=strictest_permissions(rule.permissions for rule in rules),
        privacy=privacy.controls,
        bounds=tuple(rule.bounds for rule in rules if rule.bounds is not None),
    )


def _newest(documents: Iterable[PolicyDocument]) -> list[PolicyDocument]:
    """The highest revision of each policy, by id: an older one is no alternative."""
    found: dict[str, PolicyDocument] = {}
    for document in documents:
        if document.id not in found or found[document.id].revision < document.revision:
            found[document.id] = document
    return [found[policy] for policy in sorted(found)]


def _whole(document: PolicyDocument, dataset: str) -> bool:
    """Whether a scope of the policy is the whole of `dataset`; one to objects covers only those."""
    return any(scope.id == dataset and not scope.objects for scope in document.datasets)


def _specificity(document: PolicyDocument, dataset: str, path: str) -> int | None:
    """Length of the longest scope that holds the object: 0 is the whole dataset, `None` none."""
    found = [0 for scope in document.datasets if scope.id == dataset and not scope.objects]
    for scope in document.datasets:
        if scope.id == dataset:
            found += [
                len(item) for item in scope.objects if item == path or (item.endswith("/") and path.startswith(item))
            ]
    return max(found, default=None)


def _first(attempts: Iterable[Trial]) -> Covering | None:
    return next((trial.covering for trial in attempts if trial.covers), None)


def _for_requester(dataset: str, attempts: Iterable[Trial]) -> tuple[Reason, ...]:
    nearest = max(attempts, key=lambda trial: trial.rank, default=None)
    if nearest is None or nearest.nearness is Nearness.HIDDEN:
        text = f"no policy covers `{dataset}` for you"
        return (Reason(code="no_policy", text=text, dataset=dataset, suggestion="ask its custodian for a policy"),)
    return nearest.reasons


def _for_custodians(tried: Mapping[str, list[Trial]]) -> dict[str, tuple[Reason, ...]]:
    told: dict[str, list[Reason]] = {}
    for dataset, attempts in tried.items():
        reasons = told.setdefault(dataset_organization(dataset), [])
        reasons += [reason for trial in attempts for reason in trial.reasons]
        if not attempts:
            reasons.append(
                Reason(code="no_policy", text=f"no policy is about the whole of `{dataset}`", dataset=dataset)
            )
    return {organization: tuple(reasons) for organization, reasons in told.items()}
