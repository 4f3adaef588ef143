"""
Why the DAL says no. The texts at the data's side are fixed: they depend on nothing that is stored.

    DalError
    ├── BadPathError            not an address at all
    ├── BadRequestError         a request that no honest client sends
    │   └── HeadersTooLargeError
    ├── UnauthenticatedError    no token, or one that does not (or no longer) count
    ├── OutOfScopeError         a token for something else
    ├── MissingError            in scope, and not there
    ├── ListingTooLongError     more entries than one answer may hold
    ├── BusyError               too much at once with one token
    ├── StorageError            the storage does not answer
    ├── StorageRefusedError     the storage does not let the gateway in
    ├── BucketError             what a bucket's server did; the custodian is told, models never
    │   ├── BucketSilentError      it gave no answer that can be used
    │   ├── BucketRefusesError     it does not let the gateway in, and what to do
    │   ├── ObjectChangedError     it has another one by now
    │   ├── ObjectDeniedError      it keeps this object from the gateway
    │   └── ObjectGoneError        it has no such object
    ├── MappingRefusedError     what the agent wants to map cannot be served, and why
    ├── AddressTakenError       two datasets would answer to one address
    ├── RootRefusedError        the agent names a root that nothing can lie below
    ├── UnknownDatasetError     the agent names a dataset that is not mapped
    └── UnknownActivationError  the agent names an activation that is not open
"""

from typing import ClassVar

from fedpact.contracts.envelope import DomainError


class DalError(DomainError):
    """The DAL refuses."""

    slug: ClassVar[str] = "dal_refused"


class _FixedError(DalError):
    """One text, whatever was asked: an answer must not tell what exists."""

    text: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(self.text)


class BadPathError(_FixedError):
    slug: ClassVar[str] = "bad_path"
    text = "this is not the address of an object: ask for an entry of APH_DATA or of a listing, percent-encoded"


class BadRequestError(DalError):
    """A request that no honest client sends."""

    slug: ClassVar[str] = "bad_request"


class HeadersTooLargeError(BadRequestError):
    slug: ClassVar[str] = "headers_too_large"


class UnauthenticatedError(_FixedError):
    slug: ClassVar[str] = "unauthenticated"
    text = "a bearer token of a running activation is needed: send APH_DAL_TOKEN"


class OutOfScopeError(_FixedError):
    slug: ClassVar[str] = "out_of_scope"
    text = "this token does not cover that address: APH_DATA lists what it covers"


class MissingError(_FixedError):
    slug: ClassVar[str] = "missing"
    text = "there is no such object: folders end in `/`, files do not"


class ListingTooLongError(DalError):
    """More entries than one answer may hold."""

    slug: ClassVar[str] = "listing_too_long"

    def __init__(self, limit: int) -> None:
        super().__init__(f"this folder holds more than {limit} entries: list its subfolders one by one")


class BusyError(_FixedError):
    slug: ClassVar[str] = "busy"
    text = "too many requests are running with this token: let some of them end first"


class StorageError(_FixedError):
    slug: ClassVar[str] = "storage_unavailable"
    text = "the storage does not answer: try again in a moment"


class StorageRefusedError(_FixedError):
    slug: ClassVar[str] = "storage_refuses"
    text = "the storage does not let the gateway in: its operator finds the reason in the log of the data access layer"


class BucketError(DalError):
    """What a bucket's server did, as the rest of a sentence about it. It holds nothing that the server repeated."""

    slug: ClassVar[str] = "bucket"


class BucketSilentError(BucketError):
    slug: ClassVar[str] = "bucket_silent"


class BucketRefusesError(BucketError):
    slug: ClassVar[str] = "bucket_refuses"


class ObjectChangedError(BucketError):
    slug: ClassVar[str] = "object_changed"


class ObjectDeniedError(BucketError):
    slug: ClassVar[str] = "object_denied"


class ObjectGoneError(BucketError):
    slug: ClassVar[str] = "object_gone"


class MappingRefusedError(DalError):
    """What the agent wants to map cannot be served; the reason names the path, which the agent knows."""

    slug: ClassVar[str] = "mapping_refused"


class AddressTakenError(DalError):
    """Two datasets would answer to one address."""

    slug: ClassVar[str] = "address_taken"


class RootRefusedError(DalError):
    """The agent names a root that nothing can lie below."""

    slug: ClassVar[str] = "root_refused"

    def __init__(self, dataset: str, root: str) -> None:
        reason = (
            f"`{root}` is not a path below a dataset: use no `..`, no leading slash, and the empty text for all of it"
        )
        super().__init__(reason, path=f"datasets.{dataset}")


class UnknownDatasetError(DalError):
    """The agent names a dataset that is not mapped."""

    slug: ClassVar[str] = "unknown_dataset"

    def __init__(self, dataset: str) -> None:
        super().__init__(f"dataset `{dataset}` is not mapped to a path at this gateway: map it first")


class UnknownActivationError(DalError):
    """The agent names an activation that is not open."""

    slug: ClassVar[str] = "unknown_activation"

    def __init__(self, activation: str) -> None:
        super().__init__(f"activation `{activation}` is not open here: open it again")


STATUS_OF = {
    BadPathError.slug: 400,
    BadRequestError.slug: 400,
    HeadersTooLargeError.slug: 431,
    UnauthenticatedError.slug: 401,
    OutOfScopeError.slug: 403,
    MissingError.slug: 404,
    ListingTooLongError.slug: 422,
    BusyError.slug: 429,
    StorageError.slug: 503,
    StorageRefusedError.slug: 502,
    MappingRefusedError.slug: 422,
    AddressTakenError.slug: 409,
    RootRefusedError.slug: 422,
    UnknownDatasetError.slug: 404,
    UnknownActivationError.slug: 404,
}
"""What each refusal is in HTTP."""
