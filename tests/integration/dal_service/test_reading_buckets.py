"""What a model gets out of a bucket on a real S3 server, as a token of its activation allows."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from weed import READER, fill, shared_credentials, weed

from fedpact.chassis.clock import FakeClock, SystemClock
from fedpact.dal_service.adapters.s3 import Connections, Server
from fedpact.dal_service.settings import AllowedBucket
from fedpact.models.logreg.kit.dal import DataDoor, Policy

A, AB, ZIP = "ds-a_gw-1_org-1", "ds-ab_gw-1_org-1", "scan_gw-1_org-1"
AT = "/datasets/s3://scans/data"
CSV = b"id,age\n1,40\n2,50\n"
BIG = os.urandom(3 * 2**20)
ODD = "a b+c?#%2e&=é~'().txt"
OBJECTS = {
    "scans/data/one.csv": CSV,
    "scans/data/empty": b"",
    "scans/data/big": BIG,
    "scans/data/in/deep/three.csv": b"id,age\n3,60\n",
    f"scans/data/{ODD}": b"odd",
    "scans/data-secret/x": b"TOP-SECRET",
    "scans/scan.zip": b"PK-zip",
    "others/data/x": b"TOP-SECRET",
}


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with weed(tmp_path_factory.mktemp("weed")) as port:
        asyncio.run(fill(port, OBJECTS))
        yield port


@pytest.fixture
def scans(tmp_path: Path, s3: int) -> AllowedBucket:
    return allowed(tmp_path, s3)


def allowed(folder: Path, port: int, bucket: str = "scans", secret: str = READER.secret) -> AllowedBucket:
    path = folder / f"{bucket}.credentials"
    path.touch(mode=0o600)
    path.write_text(shared_credentials(replace(READER, secret=secret)))
    return AllowedBucket(bucket=bucket, endpoint=f"http://127.0.0.1:{port}", credentials=path)


@pytest.fixture
async def dal(house, tmp_path: Path, scans: AllowedBucket, s3: int) -> AsyncIterator:
    """Two datasets in one bucket are mapped, and an activation is open for both."""
    buckets = (scans, allowed(tmp_path, s3, "others"))
    house.settings = house.settings.model_copy(update={"sources_s3": buckets})
    house.clock = FakeClock(SystemClock().now())
    async with house.running():
        for dataset, path in {A: "s3://scans/data/", ZIP: "s3://scans/scan.zip"}.items():
            status, told = await house.tell("PUT", f"/datasets/{dataset}", {"path": path})
            assert (status, told["address"]) == (200, path)
        await house.open()
        yield house


async def test_an_object_comes_whole_and_in_parts(dal) -> None:
    whole = await dal.get(f"{AT}/big")
    assert (whole.status, whole.body, whole.headers["content-length"]) == (200, BIG, str(len(BIG)))
    part = await dal.get(f"{AT}/big", Range="bytes=1000000-2999999")
    assert (part.status, part.body) == (206, BIG[1_000_000:3_000_000])
    assert part.headers["content-range"] == f"bytes 1000000-2999999/{len(BIG)}"
    assert (await dal.get(f"{AT}/one.csv", Range="bytes=-8")).body == CSV[-8:]
    assert (await dal.get("/datasets/s3://scans/scan.zip")).body == b"PK-zip"
    empty = await dal.get(f"{AT}/empty")
    assert (empty.status, empty.body) == (200, b"")


@pytest.mark.parametrize("name", ["one.csv", "big", "empty"])
async def test_head_tells_the_same_without_the_body(dal, name: str) -> None:
    head, got = await dal.get(f"{AT}/{name}", method="HEAD"), await dal.get(f"{AT}/{name}")
    assert (head.status, head.body) == (200, b"")
    assert {n: head.headers[n] for n in ("etag", "content-length")} == {
        n: got.headers[n] for n in ("etag", "content-length")
    }


async def test_a_client_that_has_it_gets_304_and_one_that_is_wrong_412_or_416(dal) -> None:
    tag = (await dal.get(f"{AT}/one.csv")).headers["etag"]
    assert (await dal.get(f"{AT}/one.csv", If_None_Match=tag)).status == 304
    assert (await dal.get(f"{AT}/one.csv", If_None_Match='"x"')).body == CSV
    assert (await dal.get(f"{AT}/one.csv", If_Match='"x"')).status == 412
    assert (await dal.get(f"{AT}/one.csv", If_Range=tag, Range="bytes=0-1")).body == b"id"
    assert (await dal.get(f"{AT}/one.csv", If_Range='"x"', Range="bytes=0-1")).body == CSV
    behind = await dal.get(f"{AT}/one.csv", Range="bytes=100-")
    assert (behind.status, behind.headers["content-range"]) == (416, f"bytes */{len(CSV)}")


async def test_a_folder_is_listed_with_everything_below_in_the_form_to_ask_for(dal) -> None:
    found = json.loads((await dal.get(f"{AT}/")).body)
    names = sorted([ODD, "big", "empty", "in/", "in/deep/", "in/deep/three.csv", "one.csv"])
    assert found == [f"s3://scans/data/{name}" for name in names]
    assert json.loads((await dal.get(f"{AT}/in/")).body) == [
        "s3://scans/data/in/deep/", "s3://scans/data/in/deep/three.csv",
    ]  # fmt: skip
    assert (await dal.get(f"{AT}/none/")).status == 404
    assert (await dal.get(f"{AT}/none")).status == 404
    assert (await dal.get(f"{AT}/in")).status == 404


async def test_an_odd_name_reaches_its_object_and_is_signed_rightly(dal) -> None:
    quoted = "a%20b+c%3F%23%252e%26=%C3%A9~'().txt"
    assert (await dal.get(f"{AT}/{quoted}")).body == b"odd"
    assert (await dal.get(f"{AT.replace('s3://', 's3%3A%2F%2F')}/{quoted}", Range="bytes=0-0")).body == b"o"


@pytest.mark.parametrize(
    "target",
    [
        "s3://scans/data-secret/x", "s3://scans/data-secret/", "s3://scans/", "s3://others/data/x", "s3://others/data/",
        "s3://scans/data/../data-secret/x", "s3://scans/data%2f..%2fdata-secret/x", "s3://scans/data//x", "s3://scans/scan.zip/",
        "s3://scans/scan.zipx",
    ],
)  # fmt: skip
async def test_nothing_beside_the_datasets_is_read(dal, target: str) -> None:
    answer = await dal.get(f"/datasets/{target}")
    assert answer.status in {400, 403}
    assert b"TOP-SECRET" not in answer.body


async def test_a_narrower_token_reads_no_more_than_it_names(dal) -> None:
    token = dal.token(datasets={A: ["in/"]})
    assert (await dal.get(f"{AT}/in/deep/three.csv", token=token)).status == 200
    assert (await dal.get(f"{AT}/one.csv", token=token)).status == 403


async def test_the_shape_that_others_are_told_holds_no_row(dal) -> None:
    async def shape(path: str) -> dict[str, object]:
        return (await dal.tell("POST", "/datasets/inspect", {"path": path}))[1]

    assert await shape("s3://scans/data/one.csv") == {"kind": "file", "bytes": 17, "rows": 2, "columns": ["id", "age"]}
    assert await shape("s3://scans/scan.zip") == {"kind": "archive", "bytes": 6, "rows": None, "columns": []}
    assert (await shape("s3://scans/data/"))["bytes"] == sum(
        len(content) for name, content in OBJECTS.items() if name.startswith("scans/data/")
    )


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("s3://scans/none.csv", "does not exist"),
        ("s3://scans/none/", "nothing in its bucket lies below"),
        ("s3://scans/data", "is a folder: end it with `/`"),
        ("s3://somebodys/data/", "none of the buckets this gateway allows (`others`, `scans`)"),
        ("s3://others/data/", "let it list the bucket and read its objects"),
        ("s3://scans/../others/data/", "not a plain absolute path"),
        ("s3://scans//data/", "not a plain absolute path"),
    ],
)
async def test_what_cannot_be_served_is_not_mapped_and_the_reason_helps(dal, path: str, reason: str) -> None:
    status, told = await dal.tell("PUT", f"/datasets/{AB}", {"path": path})
    assert (status, told["slug"]) == (422, "mapping_refused")
    assert reason in told["detail"]


async def test_a_wrong_secret_is_found_when_a_dataset_is_mapped(house, tmp_path: Path, s3: int) -> None:
    wrong = allowed(tmp_path, s3, secret="wrong")
    house.settings = house.settings.model_copy(update={"sources_s3": (wrong,)})
    house.clock = FakeClock(SystemClock().now())
    async with house.running():
        told = (await house.tell("PUT", f"/datasets/{A}", {"path": "s3://scans/data/one.csv"}))[1]
    assert "check the secret key" in told["detail"]


async def test_a_clock_that_is_wrong_is_found_too(house, scans: AllowedBucket) -> None:
    house.settings = house.settings.model_copy(update={"sources_s3": (scans,)})
    async with house.running():
        told = (await house.tell("PUT", f"/datasets/{A}", {"path": "s3://scans/data/one.csv"}))[1]
    assert "clock" in told["detail"]


async def test_a_dataset_inside_another_is_refused_and_one_beside_it_is_not(dal) -> None:
    assert (await dal.tell("PUT", f"/datasets/{AB}", {"path": "s3://scans/data/one.csv"}))[0] == 409
    assert (await dal.tell("PUT", f"/datasets/{AB}", {"path": "s3://scans/data-secret/"}))[0] == 200


async def test_a_listing_goes_on_where_the_server_says(scans: AllowedBucket) -> None:
    connections = Connections(stall=10)
    server = Server(scans.place, connections, SystemClock())
    try:
        found, after = [], None
        while True:
            page = await server.page("data/", after, most=1)
            found += page.sizes
            if page.more is None:
                break
            after = page.more
    finally:
        await connections.close()
    assert sorted(found) == sorted(name.removeprefix("scans/") for name in OBJECTS if name.startswith("scans/data/"))


async def test_a_model_reads_its_tables_with_the_token_of_its_activation(dal) -> None:
    told = await dal.open(datasets={A: ["in/"], ZIP: [""]})
    token = dal.token(datasets={A: ["in/"], ZIP: [""]})
    paths = {A: told["addresses"][A]}
    door = DataDoor(url=f"http://127.0.0.1:{dal.port}", token=token, paths=paths, pauses=())
    assert paths == {A: "s3://scans/data/in/"}
    assert await asyncio.to_thread(door.tables) == [b"id,age\n3,60\n"]
    assert await asyncio.to_thread(door.policies) == [Policy(permissions={"explore": True}, privacy={"floor": 10})]
