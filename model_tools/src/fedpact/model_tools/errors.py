"""
What can go wrong between an author and a model.

    ToolError
    ├── NameTakenError       there is something where the model should begin
    ├── RunRequestError      what a run was asked to do cannot be done
    ├── TermsError           the custodians' terms do not allow the run
    ├── NotConnectedError    server or sites did not come up
    └── RunFailedError       the job ended otherwise than well

Whoever reads them is the model's author at their own machine, so they may say more than any site would.
"""

from typing import ClassVar

from fedpact.client.errors import InputError
from fedpact.contracts.envelope import DomainError


class ToolError(DomainError):
    """Something an author can mend."""

    slug: ClassVar[str] = "model_tools"


class NameTakenError(ToolError):
    """There is something where the model should begin."""

    slug: ClassVar[str] = "name_taken"


class RunRequestError(ToolError, InputError):
    """What a run was asked to do cannot be done."""

    slug: ClassVar[str] = "run_request"


class TermsError(ToolError):
    """The custodians' terms do not allow the run."""

    slug: ClassVar[str] = "terms"


class NotConnectedError(ToolError):
    """Server or sites did not come up."""

    slug: ClassVar[str] = "not_connected"


class RunFailedError(ToolError):
    """The job ended otherwise than well."""

    slug: ClassVar[str] = "run_failed"
