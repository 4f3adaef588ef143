"""What an operator sets for a service reaches it, and nothing that `up` decides is lost by it."""

from pathlib import Path

import pytest

from fedpact.infra.embedded import Machine, port_names, programs
from fedpact.infra.federation import federation
from fedpact.infra.layout import Layout


def test_each_program_is_told_its_own_settings_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDPACT_SCHEDULER_BYPASSES", "3")
    monkeypatch.setenv("FEDPACT_SCHEDULER_PORT", "1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    everyone = federation(1)
    ports = dict(zip(port_names(everyone), range(5000, 6000), strict=False))
    told = {p.name: p.env for p in programs(Machine(layout=Layout(tmp_path), ports=ports, models=tmp_path), everyone)}
    assert told["scheduler"]["FEDPACT_SCHEDULER_BYPASSES"] == "3"
    assert told["scheduler"]["FEDPACT_SCHEDULER_PORT"] == str(ports["scheduler"])
    assert not [name for name, env in told.items() if name != "scheduler" and "FEDPACT_SCHEDULER_BYPASSES" in env]
    assert not [name for name, env in told.items() if "AWS_SECRET_ACCESS_KEY" in env]
