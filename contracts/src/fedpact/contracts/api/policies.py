"""Asset policies in the HTTP API."""

from pydantic import AwareDatetime, model_validator

from fedpact.contracts.api.common import Page
from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.ids import Id
from fedpact.contracts.policies import Beneficiaries, DatasetScope, Dsse, PolicyDocument, Rule
from fedpact.contracts.previews import PolicyEdit, Preview

__all__ = ["NewPolicy", "PolicyEdit", "PolicyPage", "PolicyView", "Preview"]


class NewPolicy(Strict):
    """A signed envelope, or a plain document, which travels unsigned. Exactly one of the two."""

    envelope: Dsse | None = None
    document: PolicyDocument | None = None

    @model_validator(mode="after")
    def _one_form(self) -> "NewPolicy":
        if (self.envelope is None) == (self.document is None):
            raise ValueError("give either `envelope` or `document`")
        return self


class PolicyView(Model):
    """An asset policy. Members after `rules` are told to the organization that wrote it, and to nobody else."""

    policy: Id
    revision: int
    name: str
    organization: Id
    datasets: tuple[DatasetScope, ...]
    not_before: AwareDatetime | None = None
    not_after: AwareDatetime | None = None
    withdrawn: bool = False
    signed: bool = False
    rules: tuple[Rule, ...]
    description: str | None = None
    beneficiaries: Beneficiaries | None = None
    signed_by: tuple[str, ...] | None = None
    envelope: Dsse | None = None
    hints: tuple[str, ...] = ()
    """What its author may not have meant, such as a beneficiary that nobody knows."""


PolicyPage = Page[PolicyView]
