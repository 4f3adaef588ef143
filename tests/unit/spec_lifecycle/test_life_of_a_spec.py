"""The life of a spec, as the seeds tell it: messages in, status out."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spec_values import (
    ACTIVATE,
    ADA,
    APPROVAL,
    CLIENTS,
    DATASETS,
    DEACTIVATE,
    GOING_DOWN,
    GOING_UP,
    LIMITS,
    NOON,
    SPEC,
    Life,
    accepted,
    assessed,
    catalog,
    changed,
    connected,
    content,
    decided,
    gang,
    gang_refused,
    gone,
    grants,
    grants_denied,
    grants_renewed,
    job,
    job_cancelled,
    job_ended,
    life,
    refused,
    server_ready,
)

from fedpact.contracts.directives import Directive, JobDirective, ParticipantDirective, ServerDirective, Wanted
from fedpact.contracts.envelope import Actor, DomainError, Order
from fedpact.contracts.policies import Reason, SpecDecided
from fedpact.contracts.registry import DatasetUnregistered
from fedpact.contracts.specs import (
    Activate,
    ActivationCompleted,
    ActivationEnded,
    ActivationRequested,
    CreateSpec,
    Deactivate,
    EndOutcome,
    JobOpened,
    JobRefused,
    ParticipantReleased,
    Stage,
)
from fedpact.contracts.workloads import Cause, Phase
from fedpact.spec_lifecycle.domain import requests
from fedpact.spec_lifecycle.domain.decide import Tick
from fedpact.spec_lifecycle.domain.evolve import TRANSITIONS
from fedpact.spec_lifecycle.domain.model import Spec
from fedpact.spec_lifecycle.domain.status import view
from fedpact.spec_lifecycle.domain.wanted import wanted


def directives(life: Life, kind: type[Directive] = Directive) -> dict[str, Directive]:
    return {m.part: m for m in life.said if isinstance(m, kind)}


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        ((), "inactive.awaiting_approval"),
        ((decided(),), "inactive.awaiting_approval"),
        (APPROVAL, "inactive.awaiting_activation"),
        ((decided(allowed=False), assessed()), "inactive.rejected"),
        ((decided(), assessed(fits=False)), "inactive.rejected"),
        ((*APPROVAL, decided(allowed=False)), "inactive.revoked"),
        ((*APPROVAL, ACTIVATE), "updating.awaiting_resources"),
        ((*APPROVAL, ACTIVATE, *GOING_UP[:2]), "updating.creating"),
        ((*APPROVAL, ACTIVATE, *GOING_UP[:2], changed(CLIENTS[0], Phase.WAITING)), "updating.awaiting_resources"),
        ((*APPROVAL, ACTIVATE, *GOING_UP), "active.running_idle"),
        ((*APPROVAL, ACTIVATE, *GOING_UP, job()), "active.running"),
        ((*APPROVAL, ACTIVATE, *GOING_UP, job(), job_ended()), "active.running_idle"),
        ((*APPROVAL, ACTIVATE, *GOING_UP, DEACTIVATE), "updating.deleting"),
        ((*APPROVAL, ACTIVATE, *GOING_UP, DEACTIVATE, *GOING_DOWN), "inactive.shutdown"),
        ((*APPROVAL, ACTIVATE, *GOING_UP, changed(CLIENTS[0], Phase.FAILED)), "failed.failed"),
        ((*APPROVAL, ACTIVATE, *GOING_UP, changed(CLIENTS[0], Phase.FAILED), *GOING_DOWN), "failed.failed"),
        ((*APPROVAL, ACTIVATE, DEACTIVATE), "inactive.shutdown"),
        ((*APPROVAL, ACTIVATE, gang_refused()), "failed.failed"),
        ((*APPROVAL, ACTIVATE, gang(), grants_denied()), "inactive.shutdown"),
    ],
)
def test_status_follows_from_what_was_told(messages: tuple[object, ...], status: str) -> None:
    assert life(*messages).status == status


def test_a_failed_spec_can_be_activated_again() -> None:
    failed = life(*APPROVAL, ACTIVATE, gang_refused(), ACTIVATE)
    assert failed.spec is not None
    assert (failed.spec.generation, failed.status) == (2, "updating.awaiting_resources")


def test_sites_are_asked_to_prepare_and_the_server_waits_for_their_requests() -> None:
    asked = directives(life(*APPROVAL, ACTIVATE, gang(), grants()))
    assert {name: d.wanted for name, d in asked.items()} == dict.fromkeys(CLIENTS, Wanted.PREPARED)
    first = directives(life(*APPROVAL, ACTIVATE, gang(), grants(), accepted(CLIENTS[0])))
    assert first == {}
    both = life(*APPROVAL, ACTIVATE, gang(), grants(), *map(accepted, CLIENTS))
    server = directives(both)["server"]
    assert isinstance(server, ServerDirective)
    assert server.requests == {c: f"csr {c}" for c in CLIENTS}
    assert server.gateway == "orchestrator"


def test_clients_run_with_endpoint_and_certificate_in_one_directive() -> None:
    said = directives(life(*APPROVAL, ACTIVATE, *GOING_UP[:-1]), ParticipantDirective)
    client = said[CLIENTS[0]]
    assert isinstance(client, ParticipantDirective)
    assert (client.wanted, client.certificate) == (Wanted.RUNNING, f"crt {CLIENTS[0]}")
    assert client.endpoint is not None
    assert client.endpoint.port == 1


def test_a_renewed_grant_reaches_the_sites() -> None:
    said = directives(life(*APPROVAL, ACTIVATE, *GOING_UP, grants_renewed()), ParticipantDirective)
    assert set(said) == set(CLIENTS)
    assert all(d.wanted is Wanted.RUNNING for d in said.values())


def test_stopping_leaves_tombstones_for_every_part() -> None:
    said = directives(life(*APPROVAL, ACTIVATE, *GOING_UP, job(), DEACTIVATE))
    assert {name: d.wanted for name, d in said.items()} == dict.fromkeys(
        [*CLIENTS, "server", "job_j-1"], Wanted.STOPPED
    )
    assert all(d.lifetime == 7 * 24 * 3600 for d in said.values())


def test_only_all_expected_sites_complete_an_activation() -> None:
    creating = life(*APPROVAL, ACTIVATE, *GOING_UP[:-1], connected(sites=CLIENTS[:1]))
    assert creating.status == "updating.creating"


def test_refusal_for_capacity_goes_back_to_waiting_with_seniority() -> None:
    back = life(*APPROVAL, ACTIVATE, gang(), grants(), refused(CLIENTS[0], Cause.CAPACITY))
    assert back.status == "updating.awaiting_resources"
    assert {d.wanted for d in directives(back).values()} == {Wanted.STOPPED}
    again = back.later(60)
    request = next(m for m in again.said if isinstance(m, ActivationRequested))
    assert (request.generation, request.attempt, request.since) == (1, 2, NOON)
    assert again.tell(gang(attempt=1)).said == []
    up = again.tell(gang(attempt=2), grants(attempt=2), *(accepted(c, attempt=2) for c in CLIENTS))
    up.tell(gone(CLIENTS[0], attempt=1), server_ready(attempt=2), connected(attempt=2))
    assert up.status == "active.running_idle"


def test_any_other_refusal_ends_the_generation() -> None:
    assert life(*APPROVAL, ACTIVATE, gang(), grants(), refused(CLIENTS[0])).status == "failed.failed"


def test_a_phase_that_takes_too_long_fails_and_names_who_is_missing() -> None:
    late = life(*APPROVAL, ACTIVATE, gang(), grants(), accepted(CLIENTS[0])).later(LIMITS.prepare.total_seconds())
    assert late.spec is not None
    assert late.spec.stage is Stage.DELETING
    assert CLIENTS[1] in late.spec.cause


def test_who_does_not_stop_is_fenced_and_released_by_a_late_word() -> None:
    stuck = life(*APPROVAL, ACTIVATE, *GOING_UP, DEACTIVATE, gone(CLIENTS[0]), gone("server"))
    stuck.later(LIMITS.stop.total_seconds())
    ended = next(m for m in stuck.said if isinstance(m, ActivationEnded))
    assert ended.fenced == {CLIENTS[1]: "gateway-2"}
    assert stuck.status == "inactive.shutdown"
    stuck.tell(ACTIVATE, gone(CLIENTS[1]))
    assert [m for m in stuck.said if isinstance(m, ParticipantReleased)]
    assert stuck.spec is not None
    assert stuck.spec.fences == ()
    assert stuck.status == "updating.awaiting_resources"


def test_messages_of_an_older_generation_change_nothing() -> None:
    second = life(*APPROVAL, ACTIVATE, *GOING_UP, DEACTIVATE, *GOING_DOWN, ACTIVATE, gang(2), grants(2))
    for old in (*GOING_UP, *GOING_DOWN, changed(CLIENTS[0], Phase.FAILED), job_ended(), grants_renewed()):
        assert second.tell(old).said == []


def test_a_withdrawn_verdict_stops_what_runs() -> None:
    stopped = life(*APPROVAL, ACTIVATE, *GOING_UP, decided(allowed=False))
    assert stopped.status == "updating.deleting"
    assert stopped.tell(*GOING_DOWN).status == "inactive.revoked"


def test_a_verdict_that_came_back_leaves_no_word_of_the_lost_one() -> None:
    revoked = life(*APPROVAL, ACTIVATE, *GOING_UP, decided(allowed=False), *GOING_DOWN)
    assert view(revoked.spec).cause == "no longer allowed by the policies"
    again = revoked.tell(decided())
    assert (again.status, view(again.spec).cause) == ("inactive.shutdown", "")


def test_totals_that_shrink_do_not_stop_what_runs() -> None:
    assert life(*APPROVAL, ACTIVATE, *GOING_UP, assessed(fits=False)).status == "active.running_idle"


def test_a_dataset_that_is_taken_back_makes_the_spec_invalid() -> None:
    end = DatasetUnregistered(dataset=DATASETS[0])
    assert life(*APPROVAL, end).status == "failed.invalid"
    running = life(*APPROVAL, ACTIVATE, *GOING_UP, end)
    assert running.tell(*GOING_DOWN).status == "failed.invalid"
    with pytest.raises(DomainError, match="no longer registered"):
        running.tell(ACTIVATE)


def test_a_job_is_refused_when_nothing_is_active() -> None:
    said = life(*APPROVAL, job()).said
    assert [(m.slug) for m in said if isinstance(m, JobRefused)] == ["not_active"]


@pytest.mark.parametrize(
    ("messages", "advice"),
    [
        (APPROVAL, "activate it first"),
        ((*APPROVAL, ACTIVATE), "wait until it is active"),
        ((*APPROVAL, ACTIVATE, *GOING_UP[:2]), "wait until it is active"),
        ((*APPROVAL, ACTIVATE, *GOING_UP, DEACTIVATE), "wait until it is shut down"),
    ],
)
def test_who_submits_too_early_is_told_what_to_do(messages: tuple[object, ...], advice: str) -> None:
    said = life(*messages, job()).said
    assert advice in next(m.reason for m in said if isinstance(m, JobRefused))


def test_a_payload_outside_the_granted_bounds_is_refused_with_the_reason() -> None:
    said = life(*APPROVAL, ACTIVATE, *GOING_UP, job(payload={"rounds": 10})).said
    refusal = next(m for m in said if isinstance(m, JobRefused))
    assert refusal.slug == "payload_out_of_bounds"
    assert "rounds" in refusal.reason


def test_a_one_shot_job_brings_its_activation_along() -> None:
    queued = life(*APPROVAL, job(activate=True, deactivate=True))
    assert queued.status == "updating.awaiting_resources"
    queued.tell(*GOING_UP)
    assert [m.job_id for m in queued.said if isinstance(m, JobOpened)] == ["j-1"]
    queued.tell(job_ended())
    assert queued.status == "updating.deleting"


def test_a_one_shot_job_waits_for_the_verdict_and_is_told_when_it_is_no() -> None:
    assert life(job(activate=True), *APPROVAL).status == "updating.awaiting_resources"
    said = life(job(activate=True), decided(allowed=False)).said
    assert [m.job_id for m in said if isinstance(m, JobRefused)] == ["j-1"]


def test_a_job_that_waits_is_told_when_the_activation_ends() -> None:
    said = life(*APPROVAL, job(activate=True), gang_refused()).said
    assert [m.slug for m in said if isinstance(m, JobRefused)] == ["activation_ended"]


def test_a_cancelled_job_is_stopped_at_the_orchestrator() -> None:
    cancelled = life(*APPROVAL, ACTIVATE, *GOING_UP, job(), job_cancelled())
    directive = directives(cancelled, JobDirective)["job_j-1"]
    assert (directive.wanted, directive.gateway) == (Wanted.STOPPED, "orchestrator")
    assert cancelled.tell(job_ended()).status == "active.running_idle"


def test_deactivating_twice_changes_nothing() -> None:
    assert life(*APPROVAL, DEACTIVATE).said == []
    assert life(*APPROVAL, ACTIVATE, *GOING_UP, DEACTIVATE, DEACTIVATE).said == []


@pytest.mark.parametrize(
    ("messages", "command", "slug"),
    [
        ((), ACTIVATE, "not_approved"),
        ((decided(allowed=False), assessed()), ACTIVATE, "not_approved"),
        ((*APPROVAL, ACTIVATE), ACTIVATE, "already_activated"),
        (APPROVAL, Activate(spec_id=SPEC, expected_generation=4), "stale_generation"),
        (APPROVAL, Deactivate(spec_id=SPEC, expected_generation=4), "stale_generation"),
        ((), CreateSpec(spec_id=SPEC, content=content()), "spec_exists"),
    ],
)
def test_what_may_not_be_asked_now_is_refused(messages: tuple[object, ...], command: object, slug: str) -> None:
    with pytest.raises(DomainError) as refusal:
        life(*messages).tell(command)
    assert refusal.value.slug == slug


def test_a_refused_activation_names_only_what_speaks_against_it() -> None:
    reasons = (Reason(code="covered", text="one is covered"), Reason(code="no_policy", text="two is not"))
    said = SpecDecided(spec_id=SPEC, allowed=False, reasons=reasons)
    with pytest.raises(
        DomainError, match=rf"the spec is rejected: two is not: `fedpact specs why {SPEC}` says what would help$"
    ):
        life(said, assessed()).tell(ACTIVATE)


@pytest.mark.parametrize(
    ("more", "slug", "path"),
    [
        ({"datasets": ("x_gateway-1_lake",)}, "unknown_dataset", "content.datasets.0"),
        ({"model": {"id": "logreg", "version": "9.0.0"}}, "unknown_model", "content.model"),
        ({"model": {"id": "nope", "version": "1.0.0"}}, "unknown_model", "content.model"),
    ],
)
def test_a_pact_names_only_what_is_registered(more: dict[str, object], slug: str, path: str) -> None:
    with pytest.raises(DomainError) as refusal:
        Life().tell(CreateSpec(spec_id=SPEC, content=content(**more)))
    assert (refusal.value.slug, refusal.value.path) == (slug, path)


@pytest.mark.parametrize(
    ("actor", "may_activate", "may_deactivate"),
    [
        (ADA, True, True),
        (Actor(user="boss", organization="lab", roles=("owner",)), True, True),
        (Actor(user="bob", organization="lab", roles=("data_scientist",)), False, False),
        (Actor(user="custodian", organization="lake", roles=("owner",)), False, True),
        (Actor(user="root", organization="fed", roles=("admin",)), False, True),
        (Actor(user="eve", organization="else", roles=("owner",)), False, False),
    ],
)
def test_who_may_start_and_stop(actor: Actor, may_activate: bool, may_deactivate: bool) -> None:
    spec = life(*APPROVAL).spec
    assert _refusal(lambda: requests.activate(spec, Order(command=ACTIVATE, actor=actor, now=NOON))) is not may_activate
    stop = Order(command=DEACTIVATE, actor=actor, now=NOON)
    assert _refusal(lambda: requests.deactivate(spec, stop, LIMITS)) is not may_deactivate


def test_only_scientists_and_owners_create() -> None:
    steward = Actor(user="sue", organization="lake", roles=("data_steward",))
    order = Order(command=CreateSpec(spec_id=SPEC, content=content()), actor=steward, now=NOON)
    assert _refusal(lambda: requests.create(None, order, catalog()))


MESSAGES = (
    *APPROVAL,
    decided(allowed=False),
    assessed(fits=False),
    ACTIVATE,
    DEACTIVATE,
    *(m for g in (1, 2) for m in (gang(g), grants(g), grants_denied(g), gang_refused(g), grants_renewed(g))),
    *(m for g in (1, 2) for c in CLIENTS for m in (accepted(c, g), gone(c, g), changed(c, Phase.FAILED, g))),
    *(m for g in (1, 2) for m in (server_ready(g), connected(g), gone("server", g), job_ended(generation=g))),
    refused(CLIENTS[0], Cause.CAPACITY),
    refused(CLIENTS[0]),
    changed(CLIENTS[1], Phase.READY),
    changed(CLIENTS[1], Phase.FAILED, cause=Cause.KILLED),
    job(),
    job("j-2", activate=True, deactivate=True),
    job_cancelled(),
    DatasetUnregistered(dataset=DATASETS[0]),
    Tick(),
)
MOVES = {(before, after) for (before, _), after in TRANSITIONS.items()} | {(s, Stage.INVALID) for s in Stage}


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(MESSAGES), st.integers(0, 90)), max_size=40))
def test_whatever_arrives_the_spec_only_moves_along_the_table(told: list[tuple[object, int]]) -> None:
    living = life()
    for message, seconds in told:
        before = living.spec
        assert before is not None
        living.now += timedelta(seconds=seconds)
        try:
            living.tell(message)
        except DomainError:
            assert living.spec == before
        _holds(before, living)


def _holds(before: Spec, living: Life) -> None:
    after = living.spec
    assert after is not None
    path = {before.stage, after.stage}
    assert len(path) == 1 or (before.stage, after.stage) in MOVES or before.stage is Stage.WAITING
    assert after.generation in {before.generation, before.generation + 1}
    for (gateway, part), directive in wanted(after).items():
        assert (directive.gateway, directive.part) == (gateway, part)
        assert after.stage in {Stage.CREATING, Stage.ACTIVE} or directive.wanted is Wanted.STOPPED
    completed = [m for m in living.said if isinstance(m, ActivationCompleted)]
    assert not completed or after.stage is Stage.ACTIVE
    assert after.stage is Stage.ACTIVE or not after.open_jobs or after.stage is Stage.DELETING
    assert after.outcome is not EndOutcome.NONE or after.stage is not Stage.DELETING
    assert after.due_at is None or after.stage in {Stage.WAITING, Stage.CREATING, Stage.DELETING}
    assert after.idle_since is None or not after.open_jobs
    assert after.stage is not Stage.ACTIVE or not after.queued_jobs
    assert after.endpoint is not None or not after.certificates
    assert not after.invalid or after.stage is not Stage.IDLE


def _refusal(ask: object) -> bool:
    try:
        ask()  # type: ignore[operator]
    except DomainError:
        return True
    return False
