"""How jobs, tickets and uploads are kept, found again, and forgotten."""

from typing import Final

from fedpact.chassis.aggregates import Kind
from fedpact.jobs.domain import lifecycle, results
from fedpact.jobs.domain.model import Job
from fedpact.jobs.domain.results import Ticket, Upload

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
