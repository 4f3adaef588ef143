"""Operations on jobs and what they leave."""

from fedpact.contracts import api
from fedpact.contracts.identity import Role
from fedpact.portal.entrypoints.routes.route import GET, POST, Route, get

JOBS = (
    Route(
        method=GET,
        path="/v1/jobs",
        handler="jobs",
        query=api.JobQuery,
        answer=api.JobPage,
        tag="jobs",
        summary="Jobs one submitted; as owner, those of one's organization; newest first",
    ),
    get("/v1/jobs/{job}", "job", api.JobView, "jobs", "One job"),
    Route(
        method=POST,
        path="/v1/jobs",
        handler="submit_job",
        body=api.NewJob,
        answer=api.JobView,
        status=201,
        tag="jobs",
        roles=(Role.DATA_SCIENTIST,),
        summary="Run a payload in a spec's activation",
    ),
    Route(
        method=POST,
        path="/v1/jobs/{job}/cancel",
        handler="cancel_job",
        answer=api.JobView,
        tag="jobs",
        summary="Stop a job",
    ),
    get("/v1/jobs/{job}/metrics", "metrics", api.MetricsView, "jobs", "Metrics per round, while it runs and after"),
    get("/v1/jobs/{job}/artifacts", "artifacts", api.ArtifactsView, "jobs", "What the job left"),
    Route(
        method=GET,
        path="/v1/jobs/{job}/artifacts/{name}",
        handler="artifact",
        media="application/octet-stream",
        tag="jobs",
        summary="One result file",
    ),
)
