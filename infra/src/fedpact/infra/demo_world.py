"""What the demo's people do before the scientist comes: data at the gateways, models, signed policies."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fedpact.client.errors import NotFoundError, RefusedError
from fedpact.client.fedpact import Fedpact
from fedpact.client.oauth import Issuer
from fedpact.contracts.policies import Beneficiaries, DatasetScope, PolicyDocument, Rule
from fedpact.decision import keys
from fedpact.decision.policies import signed_policy
from fedpact.infra.demo_table import Table
from fedpact.infra.federation import Custodian, Federation
from fedpact.infra.layout import Layout

T = TypeVar("T")
PATIENCE = 60.0
LOOK = 0.1
UNHEARD = frozenset({"unknown_dataset", "unknown_model", "unknown_version", "policy_scope"})
"""How a service refuses what it has not heard of yet."""
DATASET = "breast-cancer"
STATISTICS = Rule(
    model="statistics",
    permissions={"allowed_functions": ["count", "mean", "stddev", "histogram"]},
    privacy={"min_count": 20},
    bounds={
        "type": "object",
        "properties": {
            "functions": {"type": "array", "items": {"type": "string", "maxLength": 16}, "maxItems": 5},
            "columns": {"type": "array", "items": {"type": "string", "maxLength": 128}, "maxItems": 40},
            "bins": {"type": "integer", "minimum": 2, "maximum": 20},
        },
        "additionalProperties": False,
    },
)
LOGREG = Rule(
    model="logreg",
    versions=("0.1.0",),
    privacy={"min_count": 50},
    bounds={
        "type": "object",
        "properties": {
            "num_rounds": {"type": "integer", "minimum": 1, "maximum": 10},
            "learning_rate": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "local_epochs": {"type": "integer", "minimum": 1, "maximum": 50},
            "target": {"type": "string", "maxLength": 64},
        },
        "additionalProperties": False,
    },
)


def policy_of(custodian: Custodian) -> str:
    """What its owner calls the policy on the demo's data."""
    return f"{custodian.organization}-breast-cancer"


@dataclass(frozen=True, slots=True)
class World:
    """A running federation with its people at hand."""

    federation: Federation
    layout: Layout
    portal: str
    issuer: Issuer

    def user(self, name: str) -> Fedpact:
        """The federation as `name` speaks to it."""
        return Fedpact(self.portal, self.issuer.by_name(name).access_token)

    def register_data(self, parts: Sequence[Table]) -> list[str]:
        """Each steward puts a table below the gateway's root and registers it there. The ids of the datasets."""
        return [self._register(c, part) for c, part in zip(self.federation.custodians, parts, strict=True)]

    def _register(self, custodian: Custodian, part: Table) -> str:
        path = self.layout.data(custodian.gateway) / DATASET / "table.csv"
        part.write(path)
        socket = self.layout.sockets / f"agent-{custodian.gateway}.sock"
        said = {"path": str(path), "description": "569 tumours, 30 measurements, split between hospitals"}
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://gateway") as gateway:
            gateway.put(f"/datasets/{DATASET}", json=said, timeout=20).raise_for_status()
        return f"{DATASET}_{custodian.gateway}_{custodian.organization}"

    def push_models(self, folder: Path, names: Sequence[str]) -> None:
        """The model manager registers the shipped packages, pinned by the digest of their files."""
        with self.user("mia") as mia:
            for name in names:
                mia.models.push(folder / name)

    def publish(self, rules: tuple[Rule, ...]) -> None:
        """Every owner signs a policy for the scientist's organization, or its next revision, and publishes it."""
        for custodian in self.federation.custodians:
            self.publish_of(custodian, rules)

    def publish_of(self, custodian: Custodian, rules: tuple[Rule, ...]) -> None:
        """The same for one of them."""
        with self.user(custodian.owner) as owner:
            revision = 1 + _revision(owner, policy_of(custodian))
            document = PolicyDocument(
                id=policy_of(custodian),
                revision=revision,
                name="Breast-cancer research with North Lab",
                organization=custodian.organization,
                datasets=(DatasetScope(id=f"{DATASET}_{custodian.gateway}_{custodian.organization}"),),
                beneficiaries=Beneficiaries(organizations=("northlab",)),
                rules=rules,
            )
            signed = signed_policy(document, self._key(custodian))
            heard(lambda: owner.policies.publish(signed))

    def _key(self, custodian: Custodian) -> Ed25519PrivateKey:
        return keys.from_pem((self.layout.site(custodian.gateway) / "owner.pem").read_bytes())


def heard(do: Callable[[], T], patience: float = PATIENCE) -> T:
    """
    What `do` gives, as soon as whoever decides has heard of what it names.

    The portal knows of a dataset or a model a moment before or after the services that decide about it.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return do()
        except RefusedError as refusal:
            if refusal.code not in UNHEARD or time.monotonic() > deadline:
                raise
        time.sleep(LOOK)


def knows(hub: Fedpact, datasets: Sequence[str], models: Sequence[str]) -> bool:
    """Whether the hub knows all of them. Each is asked for by its id: a list is cut where there are many others."""
    try:
        for dataset in datasets:
            hub.datasets.get(dataset)
        for model in models:
            hub.models.get(model)
    except NotFoundError:
        return False
    return True


def _revision(owner: Fedpact, policy: str) -> int:
    """The newest there is, also of one that was withdrawn; 0 when there is none."""
    try:
        return owner.policies.get(policy).revision
    except NotFoundError:
        return 0
