"""
Why a payload did not become a job.

    RenderError
    ├── MalformedRequestError     the request line is not what the protocol says
    ├── PayloadOutOfBoundsError   a custodian's bounds do not allow it
    ├── PayloadInvalidError       the model's own `parse` or `validate` refused it; the text is the model's
    ├── ModelFaultError           the model's code failed; only the kind of failure is told
    ├── RenderLimitError          it needed more time, memory or output than a rendering may take
    └── RenderedJobError          what came out is not a job that may be submitted
    PackageError                  a model folder that cannot be read as a model package
"""

from typing import ClassVar

from fedpact.contracts.envelope import DomainError


class RenderError(DomainError):
    """The payload was not rendered."""

    slug: ClassVar[str] = "render-refused"


class MalformedRequestError(RenderError):
    """The request line is not what the protocol says."""

    slug: ClassVar[str] = "request-malformed"


class PayloadOutOfBoundsError(RenderError):
    """A custodian's bounds do not allow this payload."""

    slug: ClassVar[str] = "payload-out-of-bounds"


class PayloadInvalidError(RenderError):
    """The model does not accept this payload."""

    slug: ClassVar[str] = "payload-invalid"


class ModelFaultError(RenderError):
    """The model's rendering code failed; this is for the model's author, not for the sender of the payload."""

    slug: ClassVar[str] = "model-fault"


class RenderLimitError(RenderError):
    """Rendering needed more than it may take."""

    slug: ClassVar[str] = "render-limit"


class RenderedJobError(RenderError):
    """The rendered files are not a job that may be submitted. `path` is `file:member` of what is wrong."""

    slug: ClassVar[str] = "rendered-job-refused"


class PackageError(DomainError):
    """The folder is not a readable model package."""

    slug: ClassVar[str] = "model-package-invalid"
