"""Values for tests of decisions: valid as they are, each part replaceable."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fedpact.contracts.pact import Person, PinnedModel, Resources
from fedpact.contracts.policies import Beneficiaries, DatasetScope, Grant, PolicyDocument, Rule
from fedpact.decision import keys
from fedpact.decision.decide import Request
from fedpact.decision.grants import Trust
from fedpact.decision.policies import signed_policy

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HEARTS = "hearts_gw-1_clinic"
LUNGS = "lungs_gw-2_lab"

ALICE = Person(user="alice", organization="uni", groups=("cardio",))
MODEL = PinnedModel(id="logreg", version="1.2.0", digest="sha256:" + "a" * 64)
SMALL = Resources(cpu=1, gpu=0, memory=1000)
LR_BOUNDS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "lr": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.1},
        "rounds": {"type": "integer", "minimum": 1, "maximum": 50},
        "optimizer": {"enum": ["adam", "sgd"]},
    },
    "required": ["rounds"],
}

OWNER = keys.generate()
STRANGER = keys.generate()
POLICY_SERVICE = keys.generate()


def rule(**parts: Any) -> Rule:
    return Rule(**{"model": "logreg", **parts})


def policy(id_: str = "p1", *, dataset: str = HEARTS, objects: tuple[str, ...] = (), **parts: Any) -> PolicyDocument:
    values: dict[str, Any] = {
        "id": id_,
        "name": id_,
        "organization": dataset.split("_")[2],
        "datasets": (DatasetScope(id=dataset, objects=objects),),
        "beneficiaries": Beneficiaries(users=("alice",)),
        "rules": (rule(),),
    }
    return PolicyDocument(**{**values, **parts})


def request(**parts: Any) -> Request:
    values = {"requester": ALICE, "model": MODEL, "datasets": (HEARTS,), "resources": SMALL, "now": NOW}
    return Request(**{**values, **parts})


def grant(**parts: Any) -> Grant:
    """For `policy()` signed by the owner."""
    values: dict[str, Any] = {
        "spec_id": "s-1",
        "generation": 1,
        "gateway": "gw-1",
        "requester": ALICE,
        "model": MODEL,
        "datasets": (HEARTS,),
        "resources": SMALL,
        "rules": {HEARTS: "p1#0"},
        "policies": (signed_policy(policy(), OWNER),),
        "issued_at": NOW,
        "valid_until": NOW + timedelta(minutes=10),
    }
    return Grant(**{**values, **parts})


def trust(**parts: Any) -> Trust:
    values: dict[str, Any] = {
        "gateway": "gw-1",
        "policy_service": keys.by_id([POLICY_SERVICE.public_key()]),
        "owners": {"clinic": keys.by_id([OWNER.public_key()])},
        "datasets": frozenset({HEARTS}),
    }
    return Trust(**{**values, **parts})
