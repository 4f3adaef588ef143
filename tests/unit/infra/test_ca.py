"""The authority of a hub: who trusts its certificate believes the servers it issued for, under their names alone."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fedpact.infra.ca import CertificateAuthority
from fedpact.infra.errors import AuthorityError

NOW = datetime.now(UTC)  # noqa: TID251 - OpenSSL looks at the clock


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    made = CertificateAuthority(tmp_path / "ca")
    made.begin("A hub", NOW)
    return made


def greets(trusted: Path, shown: tuple[Path, Path], name: str) -> None:
    """A whole handshake, without a network."""
    client, server = ssl.create_default_context(cafile=str(trusted)), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*shown)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    done: set[ssl.SSLObject] = set()
    while len(done) < 2:
        for end in {ours, theirs} - done:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            done.add(end)


@pytest.mark.parametrize("name", ["hub.example", "nats", "10.1.2.3"])
def test_a_server_is_believed_under_each_of_its_names(authority: CertificateAuthority, name: str) -> None:
    shown = authority.issue(["hub.example", "nats", "10.1.2.3"], 30, NOW)
    greets(authority.certificate, shown, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        greets(authority.certificate, shown, "elsewhere.example")


def test_what_another_authority_issued_is_not_believed(authority: CertificateAuthority, tmp_path: Path) -> None:
    other = CertificateAuthority(tmp_path / "other")
    other.begin("Another", NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        greets(authority.certificate, other.issue(["hub.example"], 30, NOW), "hub.example")


def test_a_certificate_that_ended_is_not_believed(authority: CertificateAuthority) -> None:
    shown = authority.issue(["hub.example"], 30, NOW - timedelta(days=31))
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        greets(authority.certificate, shown, "hub.example")


def test_an_authority_is_made_once_and_keys_are_its_owners(authority: CertificateAuthority) -> None:
    with pytest.raises(AuthorityError, match="made once"):
        authority.begin("Again", NOW)
    authority.issue(["hub.example"], 30, NOW)
    keys = list(authority.folder.rglob("*.key"))
    assert [key.stat().st_mode & 0o777 for key in keys] == [0o600, 0o600]


@pytest.mark.parametrize("name", ["", "a b", "../ca", "hub_1", "-hub", "http://hub"])
def test_what_is_no_name_gets_no_certificate(authority: CertificateAuthority, name: str) -> None:
    with pytest.raises(AuthorityError, match="neither"):
        authority.issue([name], 30, NOW)


def test_without_an_authority_nothing_is_issued(tmp_path: Path) -> None:
    with pytest.raises(AuthorityError, match="fedpact ca init"):
        CertificateAuthority(tmp_path).issue(["hub.example"], 30, NOW)
