"""Who may join an activation, where keys are, and that a crash between two steps loses nothing."""

import ast
import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from agent_values import CLIENT_NAME, NOON, SERVER_NAME
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from fedpact.gateway_agent.adapters.authority import FileAuthority, FileKeys
from fedpact.gateway_agent.adapters.kits import FileKits
from fedpact.gateway_agent.app.ports import Identity, Subject
from fedpact.gateway_agent.domain.errors import AuthoritySealedError, CertificateError, KitError
from fedpact.gateway_agent.domain.kits import PROGRAM, Joint, Terms
from fedpact.gateway_agent.domain.pods import place_of

ME = Subject(name="gateway-1-1", organization="org-1")
JOINT = Joint(project="s-42-3", host="localhost", port=8002)
TERMS = Terms(components=("logreg.",), internal_port=9002)


def authority(root: Path) -> FileAuthority:
    return FileAuthority(root, now=lambda: NOON)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority and a client's key, for whoever changes neither: keys of RSA take their time."""
    folder = tmp_path_factory.mktemp("made")
    asyncio.run(authority(folder).create(SERVER_NAME))
    asyncio.run(FileKeys(folder).request(CLIENT_NAME))
    return folder


def everything_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def parsed(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


async def test_a_certificate_names_whom_the_caller_expects_whatever_the_request_says(tmp_path: Path) -> None:
    ca = authority(tmp_path)
    root = parsed(await ca.create(SERVER_NAME))
    request = await FileKeys(tmp_path / "gateway").request(SERVER_NAME.sibling("somebody-else"))
    subject = Subject(name="gateway-1-1", organization="org-1", role="project_admin", hosts=("127.0.0.1",))
    cert = parsed(await ca.sign(SERVER_NAME, subject, request))
    cert.verify_directly_issued_by(root)
    assert (
        cert.subject.rfc4514_string()
        == x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, "gateway-1-1"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "org-1"),
                x509.NameAttribute(NameOID.UNSTRUCTURED_NAME, "project_admin"),
            ]
        ).rfc4514_string()
    )
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["gateway-1-1"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


async def test_certificates_bear_a_gateways_clock_that_is_behind(tmp_path: Path) -> None:
    root = parsed(await authority(tmp_path).create(SERVER_NAME))
    assert root.not_valid_before_utc == NOON - timedelta(minutes=10)
    assert root.not_valid_after_utc == NOON + timedelta(days=30, minutes=-10)


def request_by(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> x509.CertificateSigningRequest:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway-1-1")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())


def pem(request: x509.CertificateSigningRequest) -> str:
    return request.public_bytes(serialization.Encoding.PEM).decode()


def tampered() -> str:
    der = bytearray(request_by(rsa.generate_private_key(65537, 2048)).public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    return pem(x509.load_der_x509_csr(bytes(der)))


@pytest.mark.parametrize(
    ("request_text", "reason"),
    [
        ("", "cannot be read"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "cannot be read"),
        ("x" * 20_000, "too long"),
        (pem(request_by(ec.generate_private_key(ec.SECP256R1()))), "RSA key"),
        (pem(request_by(rsa.generate_private_key(65537, 1024))), "RSA key"),
        (tampered(), "not signed by its own key"),
    ],
    ids=["empty", "garbage", "long", "elliptic", "weak", "tampered"],
)
async def test_a_request_that_proves_no_proper_key_is_refused(made: Path, request_text: str, reason: str) -> None:
    with pytest.raises(CertificateError, match=reason):
        await authority(made).sign(SERVER_NAME, ME, request_text)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a" * 65, "a\n"])
async def test_a_name_that_is_none_is_refused(made: Path, name: str) -> None:
    request = await FileKeys(made).request(CLIENT_NAME)
    with pytest.raises(CertificateError, match="cannot be the name"):
        await authority(made).sign(SERVER_NAME, Subject(name=name, organization="org-1"), request)


async def test_after_a_crash_everything_is_said_again_as_it_was(tmp_path: Path) -> None:
    root, request = await authority(tmp_path).create(SERVER_NAME), await FileKeys(tmp_path).request(CLIENT_NAME)
    cert = await authority(tmp_path).sign(SERVER_NAME, ME, request)
    assert await authority(tmp_path).create(SERVER_NAME) == root
    again = await FileKeys(tmp_path).request(CLIENT_NAME)
    assert await authority(tmp_path).sign(SERVER_NAME, ME, again) == cert


async def test_a_root_key_without_its_certificate_is_made_anew(tmp_path: Path) -> None:
    await authority(tmp_path).create(SERVER_NAME)
    folder = tmp_path / "s-42" / "3" / "authority"
    (folder / "rootCA.pem").unlink()
    root = parsed(await authority(tmp_path).create(SERVER_NAME))
    request = await FileKeys(tmp_path).request(CLIENT_NAME)
    parsed(await authority(tmp_path).sign(SERVER_NAME, ME, request)).verify_directly_issued_by(root)


async def test_one_name_gets_a_certificate_for_one_key_only(tmp_path: Path) -> None:
    ca = authority(tmp_path)
    await ca.create(SERVER_NAME)
    await ca.sign(SERVER_NAME, ME, await FileKeys(tmp_path / "a").request(CLIENT_NAME))
    with pytest.raises(CertificateError, match="another key"):
        await ca.sign(SERVER_NAME, ME, await FileKeys(tmp_path / "b").request(CLIENT_NAME))


async def test_a_sealed_activation_takes_nobody_new_but_remembers_who_is_in(tmp_path: Path) -> None:
    ca, keys = authority(tmp_path), FileKeys(tmp_path)
    root, request = await ca.create(SERVER_NAME), await keys.request(CLIENT_NAME)
    cert = await ca.sign(SERVER_NAME, ME, request)
    await ca.seal(SERVER_NAME)
    await ca.seal(SERVER_NAME)
    assert "root.key" not in [path.name for path in everything_in(tmp_path)]
    assert await ca.create(SERVER_NAME) == root
    assert await ca.sign(SERVER_NAME, ME, request) == cert
    with pytest.raises(AuthoritySealedError, match="`gateway-2-1`"):
        await ca.sign(SERVER_NAME, Subject(name="gateway-2-1", organization="org-2"), request)


async def test_no_activation_trusts_another_one(tmp_path: Path) -> None:
    ca = authority(tmp_path)
    next_one = SERVER_NAME.__class__(spec_id="s-42", generation=4, participant="server")
    assert await ca.create(SERVER_NAME) != await ca.create(next_one)


async def kit_of_client(root: Path) -> Path:
    ca = authority(root)
    identity = Identity(
        root_ca=await ca.create(SERVER_NAME),
        certificate=await ca.sign(SERVER_NAME, ME, await FileKeys(root).request(CLIENT_NAME)),
    )
    return await FileKits(root).client(CLIENT_NAME, JOINT, TERMS, identity)


async def test_a_kit_holds_what_flare_needs_and_the_key_for_its_owner_alone(tmp_path: Path) -> None:
    kit = await kit_of_client(tmp_path)
    assert sorted(str(p.relative_to(kit)) for p in everything_in(kit) if p.is_file()) == [
        "local/authorization.json",
        "local/comm_config.json",
        PROGRAM,
        "local/log_config.json",
        "local/resources.json",
        "startup/client.crt",
        "startup/client.key",
        "startup/fed_client.json",
        "startup/rootCA.pem",
    ]
    assert {p.stat().st_mode & 0o077 for p in everything_in(tmp_path)} == {0}
    assert json.loads((kit / "startup/fed_client.json").read_text())["servers"][0]["name"] == "s-42-3"


async def test_a_kit_brings_the_program_of_its_job_processes_which_needs_nothing_of_ours(tmp_path: Path) -> None:
    kit = await kit_of_client(tmp_path)
    program = ast.parse((kit / PROGRAM).read_text())
    resources = json.loads((kit / "local" / "resources.json").read_text())
    (launcher,) = (part["path"] for part in resources["components"] if part["id"] == "process_launcher")
    module, _, name = launcher.rpartition(".")
    assert module == Path(PROGRAM).stem
    assert name in {node.name for node in program.body if isinstance(node, ast.ClassDef)}
    imported = {node.module or "" for node in program.body if isinstance(node, ast.ImportFrom)}
    assert {module.partition(".")[0] for module in imported} == {"nvflare"}


async def test_a_kit_without_a_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KitError, match="has no key"):
        await FileKits(tmp_path).client(CLIENT_NAME, JOINT, TERMS, Identity(certificate="", root_ca=""))


async def test_wiping_the_last_participant_leaves_nothing(tmp_path: Path) -> None:
    kits, root = FileKits(tmp_path), tmp_path
    await FileKeys(root).request(CLIENT_NAME)
    await FileKeys(root).request(CLIENT_NAME.sibling("gateway-1-2"))
    await kits.wipe(CLIENT_NAME)
    assert not place_of(root, CLIENT_NAME).root.exists()
    assert [path for path in everything_in(root) if path.name == "client.key"]
    await kits.wipe(CLIENT_NAME.sibling("gateway-1-2"))
    await kits.wipe(CLIENT_NAME)
    assert everything_in(root) == []


async def test_wiping_an_activation_takes_its_authority_too(tmp_path: Path) -> None:
    await kit_of_client(tmp_path)
    await FileKits(tmp_path).wipe_activation(SERVER_NAME)
    assert everything_in(tmp_path) == []
