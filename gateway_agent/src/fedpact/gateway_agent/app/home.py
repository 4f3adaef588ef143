"""The site, to whoever runs workloads here."""

from dataclasses import dataclass, replace
from pathlib import Path

from fedpact.contracts.ids import Id
from fedpact.contracts.pact import Resources
from fedpact.gateway_agent.app.doors import LocalModel
from fedpact.gateway_agent.domain.pods import Member, PodName, Runtime, place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """`folder` holds everything of activations."""

    gateway: Id
    organization: Id
    folder: Path
    runtime: Runtime

    def log(self, name: PodName) -> Path:
        """What the participant's process writes to its console."""
        return place_of(self.folder, name).log

    def member(self, name: PodName, resources: Resources) -> Member:
        place = place_of(self.folder, name)
        return Member(name=name, place=place, organization=self.organization, resources=resources)

    def runtime_with(self, model: LocalModel) -> Runtime:
        """The runtime of a workload of `model`: its image, which holds its code, or else its code at this site."""
        if model.image:
            return replace(self.runtime, image=model.image)
        return replace(self.runtime, packages=(*self.runtime.packages, model.code))
