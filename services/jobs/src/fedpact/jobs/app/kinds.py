"""How jobs, artifacts, tickets, uploads, and what others told are kept, found again, and forgotten."""

from typing import Final

from fedpact.chassis.aggregates import Kind
from fedpact.jobs.domain import artifacts, lifecycle, results
from fedpact.jobs.domain.artifacts import Artifact
from fedpact.jobs.domain.model import Job
from fedpact.jobs.domain.results import Ticket, Upload
from fedpact.jobs.domain.submission import Standing, stands
from fedpact.jobs.domain.terms import Terms, agreed

JOBS: Final = Kind(
    source="fedpact/jobs/jobs",
    state=Job,
    evolve=lifecycle.evolve,
    derive=lifecycle.changed,
    due=lifecycle.due,
    indexes={
        "unsettled": lambda job: () if job.settled else (job.spec_id,),
        "digest": results.digests,
    },
)
ARTIFACTS: Final = Kind(source="fedpact/jobs/artifacts", state=Artifact, evolve=artifacts.evolve, due=artifacts.due)
STANDINGS: Final = Kind(source="copy/standings", state=Standing, evolve=stands, silent=True)
TERMS: Final = Kind(source="copy/terms", state=Terms, evolve=agreed, silent=True)
TICKETS: Final = Kind(
    source="fedpact/jobs/tickets",
    state=Ticket,
    evolve=results.issue,
    expires=lambda ticket: ticket.expires,
    silent=True,
)
UPLOADS: Final = Kind(
    source="fedpact/jobs/uploads",
    state=Upload,
    evolve=results.arrive,
    expires=lambda upload: upload.expires,
    indexes={"digest": lambda upload: {file.digest for file in upload.files.values()}},
    silent=True,
)
