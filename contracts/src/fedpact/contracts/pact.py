"""What a compute spec says, in values that every service reads the same way. Memory is in megabytes (10^6 bytes)."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue, model_validator

from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.ids import DatasetId, Digest, Email, Id, Version


class Resources(Strict):
    """What one process of an activation may use."""

    cpu: Annotated[float, Field(gt=0, le=1024)] = 1.0
    gpu: Annotated[int, Field(ge=0, le=64)] = 0
    memory: Annotated[int, Field(ge=1, le=4_000_000)] = 2048


MILLI = 1000
"""Cores are counted in whole thousandths: sums of floats drift, and who counts otherwise sees other room."""


def cpu_needed(cpu: float) -> int:
    """What a process that asks for `cpu` cores takes: no less than it asks for."""
    return _thousandths(cpu, ROUND_CEILING)


def cpu_allotted(cpu: float) -> int:
    """What a site that allots `cpu` cores gives: no more than it allots."""
    return _thousandths(cpu, ROUND_FLOOR)


def _thousandths(cpu: float, rounding: str) -> int:
    """Of the number as it is written: 2.007 cores are 2007, whatever the nearest float times 1000 is."""
    return int((Decimal(str(cpu)) * MILLI).to_integral_value(rounding))


class Limit(StrEnum):
    """What a gateway may hold a workload to, whatever its code tries. It announces those that it enforces."""

    CPU = "cpu"
    MEMORY = "memory"
    PROCESSES = "processes"
    """How many it may start; a pact does not say how many, the gateway does."""
    NETWORK = "network"
    """It reaches its DAL and its FLARE server and nothing else."""
    GPU = "gpu"


RequiredLimits = Annotated[tuple[Limit, ...], Field(max_length=len(Limit), exclude_if=lambda limits: not limits)]
"""Said only where there are any: who does not know of them yet reads everything else."""


class Demand(Strict):
    """Resources of each client and of the one server; `enforced` is what every gateway has to hold its clients to."""

    clients: Resources = Resources()
    server: Resources = Resources(cpu=0.5, memory=512)
    enforced: RequiredLimits = ()


class ModelRef(Strict):
    """A model version by name. The registry pins it to a digest."""

    id: Id
    version: Version


class SpecContent(Strict):
    """The pact itself. `parameters`, when given, bind every payload and choose the covering rule."""

    datasets: Annotated[tuple[DatasetId, ...], Field(min_length=1, max_length=64)]
    model: ModelRef
    resources: Demand = Demand()
    clients_per_gateway: Annotated[int, Field(ge=1, le=8)] = 1
    parameters: dict[str, JsonValue] | None = None

    @model_validator(mode="after")
    def _each_dataset_once(self) -> "SpecContent":
        if len(set(self.datasets)) != len(self.datasets):
            raise ValueError("a dataset is named twice")
        return self


class Person(Model):
    """The requester, as the pact keeps it."""

    user: Id
    organization: Id
    groups: tuple[str, ...] = ()
    email: Email | None = None


class PinnedModel(Model):
    """A model version as the registry pinned it. `components` are the class prefixes a job may name."""

    id: Id
    version: Version
    digest: Digest
    engine: str = "nvflare"
    components: tuple[str, ...] = ()


class Site(Model):
    """One gateway's part in a spec."""

    gateway: Id
    organization: Id
    datasets: tuple[DatasetId, ...]


class Endpoint(Model):
    """Where an activation's FLARE server listens, and the CA that vouches for it (PEM)."""

    project: str
    host: str
    port: int
    root_ca: str
    server_name: str = ""
    """Of the own server behind a shared entrance: asked for in the TLS handshake. Empty where `host` is it."""
