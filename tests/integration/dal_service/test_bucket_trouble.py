"""A bucket that fails, lies or is slow: a model never takes a piece for the whole, a custodian learns the reason."""

import asyncio
import gzip
import json
import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from scripted_s3 import BIG, SECRET, SPOKEN, ScriptedS3, listed, refusing, sending

from fedpact.chassis.clock import SystemClock
from fedpact.dal_service.settings import AllowedBucket
from fedpact.infra.ca import CertificateAuthority

A, AB = "ds-a_gw-1_org-1", "ds-ab_gw-1_org-1"
AT = "/datasets/s3://scans/data"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "s3.credentials"
    path.touch(mode=0o600)
    path.write_text(f"[default]\naws_access_key_id = AKEY\naws_secret_access_key = {SECRET}\n")
    return path


@pytest.fixture
async def s3() -> AsyncIterator[ScriptedS3]:
    objects = {"scans/data/one.csv": b"id,age\n1,40\n", "scans/data/big": BIG, "scans/data-secret/x": b"TOP-SECRET"}
    async with ScriptedS3(objects).serving() as one:
        yield one


@pytest.fixture
async def dal(house, keys: Path, s3: ScriptedS3):
    """Running with one dataset in a bucket; what the server is asked is counted from here."""
    allowed = AllowedBucket(bucket="scans", endpoint=f"http://127.0.0.1:{s3.port}", credentials=keys)
    house.settings = house.settings.model_copy(update={"sources_s3": (allowed,)})
    async with house.running():
        status, told = await house.tell("PUT", f"/datasets/{A}", {"path": "s3://scans/data/"})
        assert status == 200, told
        await house.open(datasets={A: [""]})
        s3.asked.clear()
        yield house


async def told(dal, **body: object) -> str:
    status, answer = await dal.tell("POST", "/datasets/inspect", body)
    assert (status, answer["slug"]) == (422, "mapping_refused")
    return answer["detail"]


@pytest.mark.parametrize(
    ("below", "status"),
    [
        ("-secret/x", 403), ("-secret/", 403), ("", 403), ("/../data-secret/x", 400), ("/%2e%2e/data-secret/x", 400),
        ("%2f..%2fdata-secret/x", 400), ("/..%2Fdata-secret%2Fx", 400), ("//one.csv", 400), ("/./one.csv", 400),
        ("/one.csv%00", 400), ("/one%0d%0aHost:x", 400), ("/%ff", 400), ("/%2", 400), ("/" + "x" * 5000, 400),
    ],
)  # fmt: skip
async def test_what_is_not_below_the_dataset_is_refused_before_the_bucket_is_asked(
    dal, s3: ScriptedS3, below: str, status: int
) -> None:
    assert (await dal.get(f"{AT}{below}")).status == status
    assert s3.asked == []


@pytest.mark.parametrize(
    "place", ["s3://others/data/one.csv", "s3://scans/", "s3://SCANS/data/one.csv", f"{A}/one.csv"]
)
async def test_another_bucket_or_address_is_refused_before_any_is_asked(dal, s3: ScriptedS3, place: str) -> None:
    assert (await dal.get(f"/datasets/{place}")).status in {400, 403}
    assert s3.asked == []


@pytest.mark.parametrize("name", ["%252e%252e/x", "a?b", "a%3Fb=c%26d", "%2e%2e%2e", "a%23b", "a+b%2Bc", "%5c..%5cx"])
async def test_a_name_reaches_the_server_as_one_key_below_the_dataset(dal, s3: ScriptedS3, name: str) -> None:
    await dal.get(f"{AT}/{name}")
    (asked,) = s3.asked
    assert asked.startswith("GET /scans/data/")
    assert not {"?", "#"} & set(asked)
    assert "/../" not in asked


async def test_an_object_that_breaks_off_never_ends_cleanly(dal, s3: ScriptedS3) -> None:
    for sent in (0, 1000, len(BIG) - 1):
        s3.acts[:] = [sending(BIG[:sent], told=len(BIG))]
        answer = await dal.get(f"{AT}/big")
        assert (answer.status, answer.complete, answer.body) == (200, False, b""), "the connection is reset"
        assert s3.asked == ["GET /scans/data/big"], "what has begun is not asked for again"
        s3.asked.clear()


async def test_a_small_object_that_breaks_off_is_refused_whole(dal, s3: ScriptedS3) -> None:
    s3.acts[:] = [sending(b"id,", told=20)]
    answer = await dal.get(f"{AT}/one.csv")
    assert (answer.status, json.loads(answer.body)["slug"]) == (503, "storage_unavailable")


@pytest.mark.parametrize("stall", [1.0])
async def test_an_object_that_stalls_is_cut(dal, s3: ScriptedS3) -> None:
    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"ETag": '"t"', "Content-Length": str(len(BIG))})
        await response.prepare(request)
        await response.write(BIG[:100_000])
        await asyncio.Event().wait()
        return response

    s3.acts[:] = [stall]
    answer = await dal.get(f"{AT}/big")
    assert (answer.status, answer.complete) == (200, False)


async def test_a_server_that_is_busy_is_asked_again_before_the_first_byte(dal, s3: ScriptedS3) -> None:
    s3.acts[:] = [refusing(503, "SlowDown"), refusing(500)]
    assert (await dal.get(f"{AT}/one.csv")).body == b"id,age\n1,40\n"
    assert len(s3.asked) == 3
    s3.acts[:] = [refusing(503, "SlowDown")] * 3
    answer = await dal.get(f"{AT}/one.csv")
    assert (answer.status, json.loads(answer.body)["slug"]) == (503, "storage_unavailable")


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ((403, "InvalidAccessKeyId", {}), "does not know the key id"),
        ((403, "SignatureDoesNotMatch", {}), "check the secret key"),
        ((403, "RequestTimeTooSkewed", {}), "clock is wrong"),
        ((404, "NoSuchBucket", {}), "has no bucket of that name"),
        ((301, "PermanentRedirect", {"x-amz-bucket-region": "eu-west-1"}), "region `eu-west-1`"),
        ((307, "TemporaryRedirect", {"Location": "http://127.0.0.1:1/"}), "points elsewhere"),
    ],
)
async def test_a_refusal_is_told_to_the_custodian_with_what_to_do_and_to_a_model_as_such(
    dal, s3: ScriptedS3, refusal: tuple[int, str, dict[str, str]], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    status, code, headers = refusal
    caplog.set_level(logging.DEBUG)
    s3.acts[:] = [refusing(status, code, **headers)]
    answer = await dal.get(f"{AT}/one.csv")
    assert (answer.status, json.loads(answer.body)["slug"]) == (502, "storage_refuses")
    assert reason in caplog.text
    s3.acts[:] = [refusing(status, code, **headers)]
    assert reason in await told(dal, path="s3://scans/data/")
    s3.acts[:] = [refusing(status, **headers), refusing(status, code, **headers)]
    assert reason in await told(dal, path="s3://scans/data/one.csv"), (
        "an answer to HEAD holds no reason: it is asked for"
    )
    for said in (caplog.text, answer.body.decode()):
        assert not any(word in said for word in (SECRET, SPOKEN, "one.csv", "AWS4"))


async def test_an_object_that_is_kept_from_the_gateway_is_as_one_that_is_not_there(dal, s3: ScriptedS3, caplog) -> None:
    s3.acts[:] = [refusing(403, "AccessDenied")]
    denied = await dal.get(f"{AT}/one.csv")
    missing = await dal.get(f"{AT}/none.csv")
    assert (denied.status, denied.body) == (missing.status, missing.body)
    assert "let it list the bucket and read its objects" in caplog.text


async def test_nothing_is_decompressed(dal, s3: ScriptedS3) -> None:
    packed = gzip.compress(b"x" * 10_000)
    s3.acts[:] = [sending(packed, **{"Content-Encoding": "gzip"})]
    answer = await dal.get(f"{AT}/one.csv.gz")
    assert (answer.body, answer.headers["content-length"]) == (packed, str(len(packed)))
    assert "content-encoding" not in answer.headers


async def test_a_part_is_the_one_that_was_asked_for_or_it_is_not_sent(dal, s3: ScriptedS3) -> None:
    async def look(request: web.Request) -> web.StreamResponse:
        return s3.object(request)

    for act in (
        sending(BIG),
        sending(b"x" * 10, status=206, **{"Content-Range": "bytes 5-14/999"}),
        sending(b"x" * 20, status=206, **{"Content-Range": "bytes 0-19/999"}),
    ):
        s3.acts[:] = [look, act]
        assert (await dal.get(f"{AT}/big", Range="bytes=0-9")).status == 503


async def test_a_part_is_of_the_object_that_was_looked_at(dal, s3: ScriptedS3) -> None:
    async def look_then_change(request: web.Request) -> web.StreamResponse:
        found = s3.object(request)
        s3.objects["scans/data/big"] = BIG[::-1]
        return found

    s3.acts[:] = [look_then_change]
    answer = await dal.get(f"{AT}/big", Range="bytes=0-9")
    assert (answer.status, json.loads(answer.body)["slug"]) == (503, "storage_unavailable")
    assert (await dal.get(f"{AT}/big", Range="bytes=0-9")).body == BIG[::-1][:10]


@pytest.mark.parametrize(
    "headers",
    [{"ETag": "weak"}, {"ETag": 'W/"x"'}, {"ETag": '"a b"'}, {"ETag": ""}],
    ids=["bare", "weak", "space", "none"],
)
async def test_an_object_without_a_strong_validator_is_not_sent(dal, s3: ScriptedS3, headers: dict[str, str]) -> None:
    s3.acts[:] = [sending(b"x", **headers)] * 3
    assert (await dal.get(f"{AT}/one.csv")).status == 503


async def test_a_listing_is_read_to_its_end_page_by_page(dal, s3: ScriptedS3) -> None:
    s3.objects |= {f"scans/data/n/{number}": b"" for number in range(10)}
    found = json.loads((await dal.get(f"{AT}/n/")).body)
    assert found == [f"s3://scans/data/n/{number}" for number in range(10)]
    assert len(s3.asked) == 4


@pytest.mark.parametrize(
    "body",
    [b"<html>login</html>", listed([("data/a", 1)])[:-30], listed([], more="0"), b"x" * (9 * 2**20)],
    ids=["a page for people", "half", "for ever", "without an end"],
)
async def test_a_listing_that_cannot_be_believed_is_none(dal, s3: ScriptedS3, body: bytes) -> None:
    s3.acts[:] = [sending(body)] * 9
    assert (await dal.get(f"{AT}/")).status == 503


async def test_a_listing_holds_nothing_from_outside_whatever_the_server_says(dal, s3: ScriptedS3) -> None:
    s3.acts[:] = [
        sending(listed([("data-secret/x", 1), ("other", 1), ("data/../x", 1), ("data//x", 1), ("data/ok", 1)]))
    ]
    assert json.loads((await dal.get(f"{AT}/")).body) == ["s3://scans/data/ok"]


async def test_a_listing_that_would_be_too_long_is_given_up_early(house, keys: Path, s3: ScriptedS3) -> None:
    s3.objects |= {f"scans/many/{number}": b"" for number in range(30)}
    allowed = AllowedBucket(bucket="scans", endpoint=f"http://127.0.0.1:{s3.port}", credentials=keys)
    house.settings = house.settings.model_copy(update={"sources_s3": (allowed,), "listing_limit": 5})
    async with house.running():
        status, told = await house.tell("POST", "/datasets/inspect", {"path": "s3://scans/many/"})
    assert (status, told["slug"]) == (422, "listing_too_long")
    assert len(s3.asked) == 2


async def test_a_reader_that_takes_nothing_costs_a_bounded_amount(dal, s3: ScriptedS3) -> None:
    went = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal went
        response = web.StreamResponse(headers={"ETag": '"t"', "Content-Length": str(2**30)})
        await response.prepare(request)
        while True:
            await response.write(BIG)
            went += len(BIG)

    s3.acts[:] = [endless]
    reader, writer = await asyncio.open_connection("127.0.0.1", dal.port, limit=2**10)
    writer.write(f"GET {AT}/big HTTP/1.1\r\nHost: dal\r\nAuthorization: Bearer {dal.token()}\r\n\r\n".encode())
    try:
        await reader.readuntil(b"\r\n\r\n")
        before = -1
        while before != went:
            before = went
            await asyncio.sleep(0.3)
        assert went < 48 * 2**20, "buffers of sockets and ours"
    finally:
        writer.transport.abort()


async def test_readers_beyond_the_limit_wait_for_their_turn(house, keys, s3: ScriptedS3) -> None:
    allowed = AllowedBucket(bucket="scans", endpoint=f"http://127.0.0.1:{s3.port}", credentials=keys)
    house.settings = house.settings.model_copy(update={"sources_s3": (allowed,), "bucket_readers": 1})
    taken = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        await taken.wait()
        return s3.object(request)

    async def two_run() -> bool:
        return await house.streams() == 2

    async with house.running():
        await house.tell("PUT", f"/datasets/{A}", {"path": "s3://scans/data/"})
        await house.open(datasets={A: [""]})
        s3.acts[:], s3.asked[:] = [slow], []
        both = [asyncio.create_task(house.get(f"{AT}/{name}")) for name in ("big", "one.csv")]
        await house.until(two_run, 5)
        assert len(s3.asked) == 1
        taken.set()
        assert sorted([answer.status for answer in await asyncio.gather(*both)]) == [200, 200]
        s3.acts[:] = [refusing(503)] * 3
        assert (await house.get(f"{AT}/one.csv")).status == 503
        assert (await house.get(f"{AT}/one.csv")).status == 200, "a failure gives its turn back"


async def test_a_revoked_activation_is_cut_off_and_the_server_too(dal, s3: ScriptedS3) -> None:
    ended = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"ETag": '"t"', "Content-Length": str(len(BIG))})
        await response.prepare(request)
        await response.write(BIG[:100_000])
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return response

    s3.acts[:] = [slow]
    reading = asyncio.create_task(dal.get(f"{AT}/big"))

    async def runs() -> bool:
        return await dal.streams() == 1

    await dal.until(runs, 5)
    await dal.tell("DELETE", "/activations/s-1-1-gw-1-1")
    assert not (await reading).complete
    await asyncio.wait_for(ended.wait(), 5)


async def test_a_connection_is_used_again(dal, s3: ScriptedS3) -> None:
    seen: set[object] = set()

    async def look(request: web.Request) -> web.StreamResponse:
        seen.add(request.transport)
        return s3.object(request)

    s3.acts[:] = [look] * 6
    for name in ("big", "one.csv", "big"):
        await dal.get(f"{AT}/{name}")
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ((None, 0o600), "cannot be read"),
        (("nothing", 0o600), "`[default]` with"),
        (("[default]\naws_access_key_id = x\n", 0o600), "`[default]` with"),
        ((f"[default]\n{SECRET}\nfoo\n", 0o600), "`[default]` with"),
        ((f"[default]\naws_access_key_id = x\naws_secret_access_key = {SECRET}\n", 0o644), "others may read"),
    ],
)
async def test_credentials_that_cannot_be_used_are_told_by_their_path_alone(
    dal, keys, s3: ScriptedS3, file: tuple[str | None, int], reason: str, caplog
) -> None:
    content, mode = file
    assert (await dal.get("/readyz")).status == 200
    keys.unlink()
    if content is not None:
        keys.write_text(content)
        keys.chmod(mode)
    ready = await dal.get("/readyz")
    assert ready.status == 503
    assert reason in json.loads(ready.body)["detail"]
    assert (await dal.get(f"{AT}/one.csv")).status == 502
    assert reason in await told(dal, path="s3://scans/data/")
    assert SECRET not in caplog.text + ready.body.decode()
    assert s3.asked == []


async def test_new_credentials_are_used_from_the_next_request_on(dal, keys, s3: ScriptedS3) -> None:
    seen: list[str] = []

    async def look(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers["Authorization"].partition("Credential=")[2].partition("/")[0])
        return s3.object(request)

    s3.acts[:] = [look] * 2
    await dal.get(f"{AT}/one.csv")
    keys.write_text(f"[default]\naws_access_key_id = ANOTHER\naws_secret_access_key = {SECRET}{SECRET}\n")
    await dal.get(f"{AT}/one.csv")
    assert seen == ["AKEY", "ANOTHER"]


async def test_a_server_has_to_show_a_certificate_that_somebody_trusted_vouches_for(
    house, keys, s3: ScriptedS3, tmp_path: Path
) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    authority.begin("clinic", SystemClock().now())
    certificate, key = authority.issue(["127.0.0.1"], 1, SystemClock().now())
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with ScriptedS3(s3.objects, tls=tls).serving() as safe:
        bucket = AllowedBucket(bucket="scans", endpoint=f"https://127.0.0.1:{safe.port}", credentials=keys)
        for ca, status in ((authority.certificate, 200), (None, 422), (tmp_path / "none.pem", 422)):
            allowed = bucket.model_copy(update={"ca": ca})
            house.settings = house.settings.model_copy(update={"sources_s3": (allowed,)})
            async with house.running():
                answer = await house.tell("POST", "/datasets/inspect", {"path": "s3://scans/data/"})
            assert answer[0] == status, answer
            assert status == 200 or "`ca`" in answer[1]["detail"] or "none.pem" in answer[1]["detail"]
    assert len(safe.asked) == 1


async def test_a_bucket_that_is_away_keeps_no_other_dataset_from_being_read(dal, s3: ScriptedS3) -> None:
    await dal.tell("PUT", f"/datasets/{AB}", {"path": f"{dal.root}/ds-a/"})
    await dal.open(datasets={A: [""], AB: [""]})
    s3.acts[:] = [refusing(503)] * 9
    token = dal.token(datasets={A: [""], AB: [""]})
    assert (await dal.get(f"{AT}/one.csv", token=token)).status == 503
    assert (await dal.get(f"/datasets/{AB}/one.csv", token=token)).status == 200
    assert (await dal.get("/readyz")).status == 200
