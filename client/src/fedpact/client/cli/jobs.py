"""`fedpact jobs`: run payloads, follow them, fetch what they leave."""

from pathlib import Path
from typing import Annotated

import typer

from fedpact.client.cli import completion
from fedpact.client.cli.choices import Key, Page, PageSize, Timeout, Wait, parameters
from fedpact.client.cli.nouns import noun, verb
from fedpact.client.cli.output import Format
from fedpact.client.cli.session import Session
from fedpact.client.jobs import TIMEOUT
from fedpact.contracts.api import JobQuery
from fedpact.contracts.jobs import JobStatus

app = noun("Jobs: payloads run inside an activation, and what they leave.")
Job = Annotated[
    str,
    typer.Argument(metavar="JOB", help="The job's id.", show_default=False, autocompletion=completion.jobs),
]
Payload = Annotated[
    str, typer.Option(help="The parameters: JSON or YAML, or @FILE. `fedpact models get MODEL` has examples.")
]


@verb(app)
def submit(
    cli: Session,
    spec: Annotated[
        str,
        typer.Argument(metavar="SPEC", help="The spec's id.", show_default=False, autocompletion=completion.specs),
    ],
    *,
    payload: Payload = "{}",
    activate: Annotated[bool, typer.Option("--activate", help="Activate the spec first, when it has to be.")] = False,
    deactivate: Annotated[bool, typer.Option("--deactivate", help="End the activation after the job.")] = False,
    job_id: Annotated[str | None, typer.Option("--id", help="Your choice of its id; the same id is one job.")] = None,
    key: Key = None,
    wait: Wait = False,
    timeout: Timeout = TIMEOUT,
) -> None:
    """Run a payload in a spec's activation."""
    given = parameters(payload, "--payload")
    with cli.fedpact() as fp:
        job = fp.jobs.submit(spec, given, activate=activate, deactivate=deactivate, job_id=job_id, key=key)
        cli.show(fp.jobs.wait(job.id, timeout=timeout) if wait else job.view)
    if not wait and not job.view.status.final:
        cli.note(f"whether it runs and how it ends, `fedpact jobs wait {job.id}` tells")


@verb(app, "list")
def list_(
    cli: Session,
    spec: Annotated[str | None, typer.Option(help="Only those of this spec.", autocompletion=completion.specs)] = None,
    status: Annotated[JobStatus | None, typer.Option(help="Only these.")] = None,
    page: Page = 0,
    page_size: PageSize = 50,
) -> None:
    """Jobs you may see, newest first."""
    query = JobQuery(spec=spec, status=status, page=page, page_size=page_size)
    with cli.fedpact() as fp:
        cli.show(fp.jobs.list(query))


@verb(app)
def get(cli: Session, job: Job) -> None:
    """One job with its steps."""
    with cli.fedpact() as fp:
        cli.show(fp.jobs.get(job))


@verb(app)
def cancel(cli: Session, job: Job, key: Key = None) -> None:
    """Stop a job."""
    with cli.fedpact() as fp:
        view = fp.jobs.cancel(job, key=key)
    cli.show(view)
    if not view.status.final:
        cli.note(f"it is being stopped: `fedpact jobs wait {job}` tells when it has ended")


@verb(app)
def wait(cli: Session, job: Job, timeout: Timeout = TIMEOUT) -> None:
    """Come back when the job completed, or never will."""
    with cli.fedpact() as fp:
        cli.show(fp.jobs.wait(job, timeout=timeout))


@verb(app)
def metrics(cli: Session, job: Job) -> None:
    """Metrics per round, while it runs and after."""
    with cli.fedpact() as fp:
        cli.show(fp.jobs.metrics(job))


@verb(app)
def artifacts(cli: Session, job: Job) -> None:
    """What the job left."""
    with cli.fedpact() as fp:
        cli.show(fp.jobs.artifacts(job))


@verb(app)
def download(
    cli: Session,
    job: Job,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Which files; all unless given.")
    ] = None,
    to: Annotated[Path, typer.Option(help="The folder to save them in.")] = Path(),
) -> None:
    """Save result files; each is compared with its digest."""
    with cli.fedpact() as fp:
        saved = fp.jobs.download(job, to, *(names or ()))
        if saved or cli.output is not Format.TABLE:
            cli.tell("\n".join(map(str, saved)), files=[str(path) for path in saved])
        if not saved:
            cli.note(f"`{job}` has no result files and is `{fp.jobs.get(job).status}`: `fedpact jobs wait {job}`")
