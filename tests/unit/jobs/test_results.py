"""What may be stored and read, and when it counts as stored."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jobs_values import ALICE, NOON, PACT, opened, order, submit

from fedpact.contracts.envelope import DomainError
from fedpact.contracts.jobs import ArtifactsStored, JobMoved, JobStatus, Manifest, StoredFile
from fedpact.contracts.queries import AskUpload
from fedpact.jobs.domain import lifecycle, results, submission
from fedpact.jobs.domain.errors import BadTokenError, UnsafeNameError
from fedpact.jobs.domain.model import Job
from fedpact.jobs.domain.results import Limits, Received, Ticket, Upload

ONE, TWO = ("sha256:" + digit * 64 for digit in "12")
LIMITS = Limits(file_bytes=100, job_bytes=150, files=2)
METRICS = StoredFile(name="metrics.json", digest=ONE, size=10, kind="metric")
UPLOAD = Upload(files={"metrics.json": Received(digest=ONE, size=10)}, expires=NOON + timedelta(days=1))


def running(*files: StoredFile) -> Job:
    job = lifecycle.evolve(None, submission.submitted(None, order(submit()), PACT)[0])
    for fact in lifecycle.opened(job, opened(), "hub", NOON):
        job = lifecycle.evolve(job, fact)
    return lifecycle.evolve(job, ArtifactsStored(job_id="j1", spec_id="s1", files=files)) if files else job


def finished(*files: StoredFile) -> Job:
    return lifecycle.evolve(running(*files), JobMoved(job_id="j1", spec_id="s1", status=JobStatus.COMPLETED, at=NOON))


def asked(gateway: str = "hub", spec: str = "s1") -> AskUpload:
    return AskUpload(job_id="j1", spec_id=spec, gateway=gateway)


def test_the_orchestrator_that_runs_the_job_may_store_its_results_for_an_hour() -> None:
    ticket = results.upload_ticket(running(), asked(), LIMITS, NOON)
    assert ticket == Ticket(purpose="upload", job_id="j1", expires=NOON + timedelta(hours=1))


@pytest.mark.parametrize(
    ("job", "question", "slug"),
    [
        (None, asked(), "unknown_job"),
        (running(), asked(spec="s2"), "unknown_job"),
        (running(), asked("gw-1"), "not_allowed"),
        (running(METRICS), asked(), "already_stored"),
    ],
)
def test_others_get_no_upload_ticket(job: Job | None, question: AskUpload, slug: str) -> None:
    with pytest.raises(DomainError) as refusal:
        results.upload_ticket(job, question, LIMITS, NOON)
    assert refusal.value.slug == slug


def test_a_job_nobody_runs_yet_has_no_results() -> None:
    job = lifecycle.evolve(None, submission.submitted(None, order(submit()), PACT)[0])
    with pytest.raises(DomainError) as refusal:
        results.upload_ticket(job, asked(), LIMITS, NOON)
    assert refusal.value.slug == "not_allowed"


HOUR = timedelta(hours=1)
STORE = Ticket(purpose="upload", job_id="j1", expires=NOON + HOUR)
READ = Ticket(purpose="download", job_id="j1", artifact_id="a-1", digest=ONE, reader=ALICE, expires=NOON + HOUR)


def test_a_token_permits_what_it_was_made_for() -> None:
    assert results.permitted(STORE, "upload", NOON, job_id="j1") == STORE
    assert results.permitted(READ, "download", NOON, digest=ONE) == READ


@pytest.mark.parametrize(
    ("ticket", "purpose", "after", "claims"),
    [
        (None, "upload", 0, {"job_id": "j1"}),
        (STORE, "upload", 3600, {"job_id": "j1"}),
        (STORE, "upload", 0, {"job_id": "j2"}),
        (STORE, "download", 0, {"digest": ONE}),
        (READ, "upload", 0, {"job_id": "j1"}),
        (READ, "download", 0, {"digest": TWO}),
        (READ, "download", 3600, {"digest": ONE}),
    ],
)
def test_a_token_permits_nothing_else(ticket: Ticket | None, purpose, after: int, claims: dict[str, str]) -> None:
    with pytest.raises(BadTokenError):
        results.permitted(ticket, purpose, NOON + timedelta(seconds=after), **claims)


@pytest.mark.parametrize("name", ["a", "metrics/round-1.json", "ü/.hidden", "..a/b..", "a" * 512])
def test_a_plain_relative_path_is_a_name(name: str) -> None:
    assert results.safe_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "a//b", "a/", ".", "..", "a/../b", "a/./b", "..\\b", "a\x00b", "a\nb", "a" * 513]
)
def test_what_could_mean_another_place_is_no_name(name: str) -> None:
    with pytest.raises(UnsafeNameError):
        results.safe_name(name)


@given(st.lists(st.sampled_from(["a", "b", ".", "..", "", "\\", "\x00", "c d"]), min_size=1).map("/".join))
def test_a_safe_name_never_leaves_its_folder(name: str) -> None:
    try:
        parts = results.safe_name(name).split("/")
    except UnsafeNameError:
        return
    assert "/".join(parts) == name
    assert not {"", ".", ".."}.intersection(parts)


@pytest.mark.parametrize(
    ("files", "left"),
    [({}, 100), ({"a": 40}, 100), ({"a": 90}, 60), ({"mine": 100}, 100), ({"a": 90, "mine": 60}, 60)],
)
def test_a_file_may_fill_what_the_job_has_left(files: dict[str, int], left: int) -> None:
    upload = Upload(files={name: Received(digest=ONE, size=size) for name, size in files.items()}, expires=NOON)
    assert results.room(upload, "mine", LIMITS) == left


def test_a_job_leaves_a_bounded_number_of_files() -> None:
    upload = Upload(files={name: Received(digest=ONE, size=1) for name in "ab"}, expires=NOON)
    assert results.room(upload, "a", LIMITS) == 100
    with pytest.raises(DomainError) as refusal:
        results.room(upload, "c", LIMITS)
    assert refusal.value.slug == "too_large"


def test_two_files_that_arrive_at_once_do_not_exceed_the_limit_together() -> None:
    upload = Upload(files={"a": Received(digest=ONE, size=90)}, expires=NOON)
    with pytest.raises(DomainError) as refusal:
        results.received(upload, "b", Received(digest=TWO, size=90), LIMITS, NOON)
    assert refusal.value.slug == "too_large"


def test_a_complete_manifest_stores_the_results_once() -> None:
    manifest = Manifest(files=(METRICS,))
    [fact] = results.stored(running(), UPLOAD, manifest)
    assert fact == ArtifactsStored(job_id="j1", spec_id="s1", files=(METRICS,))
    assert results.stored(running(METRICS), None, manifest) == []


@pytest.mark.parametrize(
    "change",
    [{"name": "other.json"}, {"digest": TWO}, {"size": 11}],
)
def test_a_manifest_cannot_claim_what_the_job_did_not_bring(change: dict[str, object]) -> None:
    with pytest.raises(DomainError) as refusal:
        results.stored(running(), UPLOAD, Manifest(files=(METRICS.model_copy(update=change),)))
    assert refusal.value.slug == "incomplete"


def test_a_manifest_names_each_file_once() -> None:
    with pytest.raises(DomainError) as refusal:
        results.stored(running(), UPLOAD, Manifest(files=(METRICS, METRICS)))
    assert refusal.value.slug == "incomplete"


def test_stored_results_are_final() -> None:
    with pytest.raises(DomainError) as refusal:
        results.stored(running(METRICS), UPLOAD, Manifest(files=()))
    assert refusal.value.slug == "already_stored"


def test_results_that_come_after_the_end_are_stored_too() -> None:
    assert results.stored(finished(), UPLOAD, Manifest(files=(METRICS,)))
