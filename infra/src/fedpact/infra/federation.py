"""The federation that `fedpact up` makes: who takes part, as data."""

from dataclasses import dataclass

from fedpact.contracts.sites import Site

ORCHESTRATOR = "orchestrator"
NAMES = ("lakeside", "hillcrest", "riverside", "stonegate", "oakfield", "seaview", "northwood", "westport")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A login of the embedded federation; there are no passwords on one machine."""

    user: str
    name: str
    organization: str
    roles: tuple[str, ...]

    @property
    def email(self) -> str:
        return f"{self.user}@{self.organization}.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """An organization with one gateway."""

    organization: str
    gateway: str
    owner: str
    steward: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Federation:
    """One hub, one scientists' organization, and custodians; `enrolling` ones make their gateways' keys themselves."""

    custodians: tuple[Custodian, ...]
    enrolling: bool = False

    @property
    def founded(self) -> tuple[Custodian, ...]:
        """Those whose gateways the setup makes."""
        return () if self.enrolling else self.custodians

    @property
    def sites(self) -> tuple[Site, ...]:
        clients = tuple(Site(custodian.gateway) for custodian in self.founded)
        return (Site(ORCHESTRATOR, orchestrator=True), *clients)

    @property
    def organizations(self) -> tuple[tuple[str, str], ...]:
        """Id and name of every organization."""
        custodians = tuple((c.organization, c.organization.title() + " Hospital") for c in self.custodians)
        return (("hub", "Hub operator"), ("northlab", "North Lab"), *custodians)

    @property
    def people(self) -> tuple[Person, ...]:
        people = [
            Person(user="root", name="Federation admin", organization="hub", roles=("admin",)),
            Person(user="ada", name="Ada, data scientist", organization="northlab", roles=("data_scientist",)),
            Person(user="mia", name="Mia, model manager", organization="northlab", roles=("model_manager",)),
        ]
        for c in self.custodians:
            people.append(Person(user=c.owner, name="Owner", organization=c.organization, roles=("owner",)))
            people.append(Person(user=c.steward, name="Steward", organization=c.organization, roles=("data_steward",)))
        return tuple(people)


def federation(gateways: int) -> Federation:
    """A federation of that many custodians, at most eight; none where all gateways are enrolled."""
    if not 0 <= gateways <= len(NAMES):
        raise ValueError(f"at most {len(NAMES)} gateways fit on one machine, not {gateways}")
    return Federation(
        custodians=tuple(
            Custodian(organization=name, gateway=f"gateway-{n}", owner=f"{name}-owner", steward=f"{name}-steward")
            for n, name in enumerate(NAMES[:gateways], 1)
        )
    )
