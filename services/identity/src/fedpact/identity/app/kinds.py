"""How identity's aggregates are kept. Devices and sessions are its own business: nothing of them is published."""

from fedpact.chassis.aggregates import Kind
from fedpact.identity.domain import access, codes, devices, members, sessions
from fedpact.identity.domain.access import Access
from fedpact.identity.domain.model import Code, Device, Organization, Session, User

LOGIN = "login"
"""Index: who somebody is at the identity provider."""
CUT = "cut"
"""Index, and its only value: users from whom something was ever taken."""
ORGANIZATIONS = Kind(source="fedpact/identity/organizations", state=Organization, evolve=members.evolve_organization)
USERS = Kind(
    source="fedpact/identity/users",
    state=User,
    evolve=members.evolve_user,
    indexes={
        LOGIN: lambda user: (user.login,) if user.login else (),
        CUT: lambda user: (CUT,) if user.cut else (),
    },
)
DEVICES = Kind(
    source="fedpact/identity/devices",
    state=Device,
    evolve=devices.evolve,
    expires=lambda device: device.expires,
    indexes={"user_code": lambda device: (device.user_code_hash,)},
    silent=True,
)
SESSIONS = Kind(
    source="fedpact/identity/sessions",
    state=Session,
    evolve=sessions.evolve,
    expires=lambda session: session.expires,
    silent=True,
)
CODES = Kind(
    source="fedpact/identity/codes",
    state=Code,
    evolve=codes.evolve,
    expires=lambda code: code.expires,
    silent=True,
)
ACCESSES = Kind(
    source="fedpact/identity/gateways",
    state=Access,
    evolve=access.evolve,
    due=lambda known: known.due,
)
