"""
The catalogue: requests that try to get at what they are not given, as raw bytes on a socket.

Each is answered with the one status its kind has, tells neither a secret nor a path of the server, and what is
out of scope looks the same whether it exists or not.
"""

import asyncio
import contextlib
import json
import threading
from pathlib import Path

import pytest

A, AB = "ds-a_gw-1_org-1", "ds-ab_gw-1_org-1"
SECRET = b"TOP-SECRET"

BAD_PATH = [
    "/datasets/", "/datasets//", "/datasets/.", "/datasets/..", "/datasets/../", "/datasets//etc/passwd",
    "/datasets/%2fetc%2fpasswd", "/datasets/%2e%2e/secret", "/datasets/%2E%2E%2Fsecret", "/datasets/.%2e/secret",
    f"/datasets/{A}/../{AB}/x", f"/datasets/{A}/..%2f{AB}/x", f"/datasets/{A}/%2e%2e/{AB}/x",
    f"/datasets/{A}/%2e%2e%2f{AB}%2fx", f"/datasets/{A}/in/../../{AB}/x", f"/datasets/{A}/../../secret",
    f"/datasets/{A}//one.csv", f"/datasets/{A}/./one.csv", f"/datasets/{A}/in/..", f"/datasets/{A}/in/../",
    f"/datasets/{A}/one.csv//", f"/datasets//{A}/one.csv", f"/datasets/./{A}/one.csv",
    f"/datasets/{A}/one.csv%00", f"/datasets/{A}/one.csv%00.txt", f"/datasets/%00{A}/", f"/datasets/{A}/%0d%0aX:%20y",
    f"/datasets/{A}/one%0a.csv", f"/datasets/{A}/%7f", f"/datasets/{A}/%c2%80",
    f"/datasets/{A}/%", f"/datasets/{A}/%2", f"/datasets/{A}/%zz", f"/datasets/{A}/%u002e%u002e/", f"/datasets/{A}/%-1",
    f"/datasets/{A}/%c0%ae%c0%ae/{AB}/x", f"/datasets/{A}/%e0%80%ae%e0%80%ae/x", f"/datasets/{A}/%ff%fe",
    f"/datasets/{A}/%f8%80%80%80%ae", f"/datasets/{A}/%ed%a0%80",
    "/datasets/s3://", "/datasets/s3:///x", "/datasets/s3://b/../x", "/datasets/s3://bucket/a//b", "/datasets/s3://..//x",
    "/datasets/file:///etc/passwd", "/datasets/file://localhost/etc/passwd",
    f"/datasets/{A}/" + "a/" * 2060,
]  # fmt: skip
OUT_OF_SCOPE = [
    f"/datasets/{AB}/", f"/datasets/{AB}/x", f"/datasets/{AB}", f"/datasets/{A}", f"/datasets/{A}b/x", f"/datasets/{A}x",
    "/datasets/ds-a/one.csv", "/datasets/ds-a/", "/datasets/secret", "/datasets/data/ds-a/one.csv", "/datasets/~root/",
    "/datasets/scan_gw-1_org-1/", "/datasets/scan_gw-1_org-1", "/datasets/scan_gw-1_org-1/other.zip",
    "/datasets/scan_gw-1_org-1/scan.zip/", "/datasets/scan_gw-1_org-1/scan.zip2",
    f"/datasets/{A.upper()}/one.csv", f"/datasets/%252e%252e/{A}/", f"/datasets/{A}%252fone.csv",
    f"/datasets/{A}\\..\\{AB}\\x", f"/datasets/{A}%5c..%5c{AB}%5cx", f"/datasets/{A};/one.csv",
    "/datasets/s3://bucket/key", "/datasets/s3:/bucket/key", "/datasets/s3%3A%2F%2Fbucket%2Fkey",
    "/datasets/https://example.org/x".replace("//", "/"), "/datasets/%E2%80%A4%E2%80%A4/secret", "/datasets/%EF%BC%8E%EF%BC%8E/secret",
    "/datasets/proc/self/environ", "/datasets/C:/x",
]  # fmt: skip
MISSING = [
    f"/datasets/{A}/none", f"/datasets/{A}/in", f"/datasets/{A}/one.csv/", f"/datasets/{A}/one.csv/x", f"/datasets/{A}/none/",
    f"/datasets/{A}/link-out", f"/datasets/{A}/link-in", f"/datasets/{A}/link-beside", f"/datasets/{A}/link-folder/",
    f"/datasets/{A}/link-folder/x", f"/datasets/{A}/link-root/etc/passwd", f"/datasets/{A}/link-root/", f"/datasets/{A}/link-loop",
    f"/datasets/{A}/pipe", f"/datasets/{A}/sock", f"/datasets/{A}/ONE.CSV", f"/datasets/{A}/one.csv%20", f"/datasets/{A}/one.csv.",
    f"/datasets/{A}/%252e%252e/x", f"/datasets/{A}/..%255c", f"/datasets/{A}/...", f"/datasets/{A}/" + "x" * 300,
    f"/datasets/{A}/%E2%80%A4%E2%80%A4", f"/datasets/{A}/e%CC%81", f"/datasets/{A}/%2e%2e%5c..%5cx",
]  # fmt: skip
NO_ROUTE = [
    "/", "/dataset/x", "/datasetsx/", f"/Datasets/{A}/one.csv", f"/datasets%2f{A}/one.csv", f"//datasets/{A}/one.csv",
    f"/x/../datasets/{A}/one.csv", f"/policies/../datasets/{A}/one.csv", "/activations", "/favicon.ico", f"/{A}/one.csv",
]  # fmt: skip


def _told_nothing(dal, answer) -> None:
    for secret in (SECRET, b"root:", str(dal.base).encode(), b"Traceback", AB.encode()):
        assert secret not in answer.body
        assert secret.decode() not in str(answer.headers)


@pytest.mark.parametrize("target", BAD_PATH)
async def test_what_is_no_address_is_400(dal, target: str) -> None:
    answer = await dal.get(target)
    assert (answer.status, json.loads(answer.body)["slug"]) == (400, "bad_path")
    _told_nothing(dal, answer)


@pytest.mark.parametrize("target", OUT_OF_SCOPE)
async def test_what_is_out_of_scope_is_403_whether_it_exists_or_not(dal, target: str) -> None:
    answer = await dal.get(target)
    assert answer.status == 403
    assert answer.body == (await dal.get("/datasets/surely_not_there/x")).body
    assert "etag" not in answer.headers
    _told_nothing(dal, answer)


@pytest.mark.parametrize("target", MISSING)
async def test_what_is_in_scope_and_no_regular_file_is_404(dal, target: str, unix_socket_in) -> None:
    with unix_socket_in(dal.root / "ds-a" / "sock"):
        answer = await dal.get(target)
    assert (answer.status, json.loads(answer.body)["slug"]) == (404, "missing")
    _told_nothing(dal, answer)


@pytest.mark.parametrize("target", NO_ROUTE)
async def test_no_other_spelling_of_the_route_leads_to_data(dal, target: str) -> None:
    answer = await dal.get(target)
    assert answer.status in {400, 404}
    _told_nothing(dal, answer)


@pytest.mark.parametrize(
    "line",
    [
        f"GET http://dal/datasets/{A}/one.csv HTTP/1.1",
        f"GET /datasets/{A}/one .csv HTTP/1.1",
        f"GET /datasets/{A}/one.csv HTTP/9.9",
        f"GET /datasets/{A}/one\x00.csv HTTP/1.1",
        "GET * HTTP/1.1",
        "CONNECT dal:80 HTTP/1.1",
        f"GET /datasets/{A}/one.csv#frag HTTP/1.1",
    ],
)
async def test_a_crooked_request_line_gets_no_data(dal, line: str) -> None:
    request = f"{line}\r\nHost: dal\r\nAuthorization: Bearer {dal.token()}\r\nConnection: close\r\n\r\n"
    answer = await dal.raw(request.encode("latin-1"))
    assert 400 <= answer.status < 500
    assert b"id,age" not in answer.body
    _told_nothing(dal, answer)


async def test_raw_bytes_that_are_no_utf8_are_400(dal) -> None:
    for target in (b"/datasets/" + A.encode() + b"/\xff\xfe", b"/datasets/" + A.encode() + b"/\xc0\xae\xc0\xae/x"):
        answer = await dal.get(target)
        assert answer.status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get"])
async def test_nothing_but_get_and_head_is_a_method(dal, method: str) -> None:
    answer = await dal.get(f"/datasets/{A}/one.csv", method=method)
    assert answer.status in {400, 405}
    assert b"id,age" not in answer.body


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Original_URL": f"/datasets/{AB}/x"},
        {"X_Rewrite_URL": f"/datasets/{AB}/x"},
        {"X_Forwarded_Prefix": f"/datasets/{AB}"},
        {"X_HTTP_Method_Override": "PUT"},
        {"Accept_Encoding": "br, gzip"},
        {"Range": "bytes=0-0,1-1,2-2"},
        {"Range": "bytes=" + ",".join(["0-"] * 500)},
        {"Range": "bytes=1_0-1_1"},
        {"Range": "bytes=9-0"},
        {"Range": "items=0-1"},
        {"If_Range": "Sat, 01 Jan 2028 00:00:00 GMT", "Range": "bytes=0-0"},
        {"If_Range": '"guess"', "Range": "bytes=0-0"},
        {"If_Modified_Since": "Sat, 01 Jan 2028 00:00:00 GMT"},
        {"Cookie": "APH_DAL_TOKEN=x"},
    ],
)
async def test_no_header_changes_what_is_sent(dal, headers: dict[str, str]) -> None:
    answer = await dal.get(f"/datasets/{A}/one.csv", **headers)
    assert (answer.status, answer.body) == (200, b"id,age\n1,40\n2,50\n")


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=999999-"},
        {"If_Match": '"x"'},
        {"If_None_Match": "*"},
        {"If_Match": "*"},
        {"If_Range": '"x"', "Range": "bytes=0-0"},
    ],
)
@pytest.mark.parametrize("name", ["x", "none"])
async def test_no_condition_is_an_oracle_for_what_is_out_of_scope(dal, headers: dict[str, str], name: str) -> None:
    answer = await dal.get(f"/datasets/{AB}/{name}", **headers)
    plain = await dal.get(f"/datasets/{AB}/other")
    assert (answer.status, answer.body, answer.headers.keys()) == (403, plain.body, plain.headers.keys())


@pytest.mark.parametrize("framing", ["Content-Length: 5", "Transfer-Encoding: chunked"])
async def test_a_body_on_a_get_is_refused_and_ends_the_connection(dal, framing: str) -> None:
    body = b"hello" if "Length" in framing else b"5\r\nhello\r\n0\r\n\r\n"
    head = (
        f"GET /datasets/{A}/one.csv HTTP/1.1\r\nHost: dal\r\nAuthorization: Bearer {dal.token()}\r\n{framing}\r\n\r\n"
    )
    answer = await dal.raw(head.encode() + body)
    assert (answer.status, answer.headers["connection"]) == (400, "close")


async def test_contradicting_framing_is_refused(dal) -> None:
    head = f"GET /datasets/{A}/one.csv HTTP/1.1\r\nHost: dal\r\nAuthorization: Bearer {dal.token()}\r\n"
    for framing in (
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Content-Length: 0\r\nContent-Length: 5",
        "Content-Length: -1",
    ):
        answer = await dal.raw(f"{head}{framing}\r\n\r\n0\r\n\r\n".encode())
        assert answer.status == 400


async def test_too_many_headers_are_refused(dal) -> None:
    many = {f"X_Filler_{n}": "x" * 4000 for n in range(5)}
    assert (await dal.get(f"/datasets/{A}/one.csv", **many)).status == 431
    assert (await dal.get(f"/datasets/{A}/one.csv", X_Long="x" * 9000)).status in {400, 431}


async def test_policies_of_what_is_out_of_scope_are_not_told(dal) -> None:
    assert (await dal.get(f"/policies/{AB}/")).status == 403
    assert (await dal.get(f"/policies/{A}/../{AB}/")).status == 400
    assert (await dal.get("/policies/")).status == 400


@pytest.mark.parametrize("prefix", ["/datasets/", "/policies/"])
async def test_without_a_token_even_a_bad_path_is_401(dal, prefix: str) -> None:
    for target in (f"{A}/one.csv", "..", f"{AB}/x", ""):
        answer = await dal.raw(f"GET {prefix}{target} HTTP/1.1\r\nHost: dal\r\nConnection: close\r\n\r\n".encode())
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_swapping_a_folder_for_a_link_never_leaks(dal) -> None:
    """Bounded race: a thread swaps a folder with a link to the secret's folder while it is read."""
    folder = dal.root / "ds-a"
    (folder / "swap").symlink_to("../ds-ab")
    (folder / "in" / "x").write_bytes(b"harmless")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for one, other in (("in", "aside"), ("swap", "in"), ("in", "swap"), ("aside", "in")):
                (folder / one).rename(folder / other)

    racing = threading.Thread(target=swap)
    racing.start()
    try:
        seen = {
            (a.status, a.body) for a in [await dal.get(f"/datasets/{A}/in/x") for _ in range(400)] if a.status == 200
        }
        listed = {(await dal.get(f"/datasets/{A}/in/")).status for _ in range(50)}
    finally:
        stop.set()
        racing.join()
    assert seen <= {(200, b"harmless")}
    assert listed <= {200, 404}


async def test_a_header_that_trickles_holds_nobody_up(dal) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", dal.port)
    writer.write(b"GET /datasets/")
    await writer.drain()
    assert (await dal.get(f"/datasets/{A}/one.csv")).status == 200
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_after_all_of_this_no_descriptor_is_left_behind(dal) -> None:
    def held() -> list[str]:
        found = []
        for link in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(str(link.readlink()))
        return [path for path in found if path.startswith(str(dal.root) + "/")]

    for target in (*MISSING, f"/datasets/{A}/", f"/datasets/{A}/big.bin"):
        await dal.get(target)
    assert held() == []
