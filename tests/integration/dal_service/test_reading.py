"""What a model gets: files, parts of files, listings, policies."""

import json
import os

import pytest

A, ZIP = "ds-a_gw-1_org-1", "scan_gw-1_org-1"
CSV = b"id,age\n1,40\n2,50\n"


async def test_a_file_comes_whole_with_a_strong_validator(dal) -> None:
    answer = await dal.get(f"/datasets/{A}/one.csv", Accept_Encoding="gzip, br")
    assert (answer.status, answer.body) == (200, CSV)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["etag"].startswith('"')
    assert "content-encoding" not in answer.headers
    assert answer.headers["cache-control"] == "private, no-store"


async def test_a_dataset_that_is_one_file_is_read_at_its_address(dal) -> None:
    told = await dal.open()
    assert told["addresses"] == {A: f"{A}/", ZIP: f"{ZIP}/scan.zip"}
    assert (await dal.get(f"/datasets/{told['addresses'][ZIP]}")).body == b"PK-zip"


async def test_a_large_file_comes_whole(dal) -> None:
    content = os.urandom(3 * 2**20)
    (dal.root / "ds-a" / "random").write_bytes(content)
    answer = await dal.get(f"/datasets/{A}/random")
    assert answer.body == content
    part = await dal.get(f"/datasets/{A}/random", Range="bytes=1000000-2999999")
    assert (part.status, part.body) == (206, content[1_000_000:3_000_000])
    assert part.headers["content-range"] == f"bytes 1000000-2999999/{len(content)}"


async def test_an_empty_file_is_empty(dal) -> None:
    answer = await dal.get(f"/datasets/{A}/empty")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "0")


@pytest.mark.parametrize("name", ["one.csv", "big.bin"])
async def test_head_tells_the_same_without_the_body(dal, name: str) -> None:
    head = await dal.get(f"/datasets/{A}/{name}", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == (dal.root / "ds-a" / name).stat().st_size
    assert "etag" in head.headers


async def test_a_client_that_has_it_gets_304_and_one_that_is_wrong_412(dal) -> None:
    target = f"/datasets/{A}/one.csv"
    tag = (await dal.get(target)).headers["etag"]
    assert (await dal.get(target, If_None_Match=tag)).status == 304
    assert (await dal.get(target, If_Match='"x"')).status == 412
    assert (await dal.get(target, If_Match=tag)).status == 200
    assert (await dal.get(target, If_Range=tag, Range="bytes=0-1")).body == b"id"
    (dal.root / "ds-a" / "one.csv").write_bytes(b"changed, longer than before")
    assert (await dal.get(target, If_None_Match=tag)).status == 200
    assert (await dal.get(target, If_Range=tag, Range="bytes=0-1")).status == 200


async def test_a_range_behind_the_end_is_416_with_the_size(dal) -> None:
    answer = await dal.get(f"/datasets/{A}/one.csv", Range="bytes=100-")
    assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{len(CSV)}")


async def test_a_folder_is_listed_with_everything_below_in_the_form_to_ask_for(dal) -> None:
    answer = await dal.get(f"/datasets/{A}/")
    found = json.loads(answer.body)
    assert found == sorted(found)
    assert [f for f in found if "in" in f.split("/")[1:2]] == [
        f"{A}/in/", f"{A}/in/deep/", f"{A}/in/deep/three.txt", f"{A}/in/two.txt",
    ]  # fmt: skip
    assert f"{A}/a b?#%é.txt" in found
    assert json.loads((await dal.get(f"/datasets/{A}/in/")).body) == [
        f"{A}/in/deep/", f"{A}/in/deep/three.txt", f"{A}/in/two.txt",
    ]  # fmt: skip


async def test_a_listing_holds_no_links_pipes_or_sockets_and_no_path_of_the_server(dal, unix_socket_in) -> None:
    with unix_socket_in(dal.root / "ds-a" / "sock"):
        body = (await dal.get(f"/datasets/{A}/")).body
    assert b"link-" not in body
    assert b"pipe" not in body
    assert b"sock" not in body
    assert str(dal.base).encode() not in body


async def test_a_name_that_is_no_text_is_no_entry(dal) -> None:
    (dal.root / "ds-a" / os.fsdecode(b"bad\xff")).write_bytes(b"x")
    assert b"bad" not in (await dal.get(f"/datasets/{A}/")).body


async def test_quoted_names_reach_the_file_they_name(dal) -> None:
    assert (await dal.get(f"/datasets/{A}/a%20b%3F%23%25%C3%A9.txt")).body == b"odd name"
    assert (await dal.get(f"/datasets/{A}/%252e%252e")).body == b"literally percent"
    assert (await dal.get(f"/datasets/{A}/back%5Cslash")).body == b"backslash"


async def test_the_policies_are_the_activations_own(dal) -> None:
    answer = await dal.get(f"/policies/{A}/")
    assert json.loads(answer.body) == {"permissions": {"explore": True}, "privacy": {"floor": 10}}


async def test_an_address_of_a_mirrored_bucket_is_served_in_all_its_spellings(dal) -> None:
    mapping = {"path": f"{dal.root}/ds-a/", "address": "s3://my-bucket/task/"}
    status, told = await dal.tell("PUT", f"/datasets/{A}", mapping)
    assert (status, told["address"]) == (200, "s3://my-bucket/task/")
    for spelling in (
        "s3://my-bucket/task/one.csv",
        "s3:/my-bucket/task/one.csv",
        "s3%3A%2F%2Fmy-bucket%2Ftask%2Fone.csv",
    ):
        assert (await dal.get(f"/datasets/{spelling}")).body == CSV
    assert "s3://my-bucket/task/in/two.txt" in json.loads((await dal.get("/datasets/s3://my-bucket/task/")).body)
    assert (await dal.get("/datasets/s3://my-bucket/other/one.csv")).status == 403
    assert (await dal.get(f"/datasets/{A}/one.csv")).status == 403


async def test_a_root_that_was_created_anew_is_served_anew(dal) -> None:
    dal.root.rename(dal.base / "old")
    (dal.root / "ds-a").mkdir(parents=True)
    (dal.root / "ds-a" / "one.csv").write_bytes(b"new")
    assert (await dal.get(f"/datasets/{A}/one.csv")).body == b"new"


async def test_a_missing_root_is_an_unavailable_or_missing_object_and_not_ready(dal) -> None:
    assert (await dal.get("/readyz")).status == 200
    dal.root.rename(dal.base / "old")
    assert (await dal.get(f"/datasets/{A}/one.csv")).status == 404
    assert (await dal.get("/readyz")).status == 503
    (dal.base / "old").rename(dal.root)
    assert (await dal.get("/readyz")).status == 200


async def test_a_listing_that_would_be_too_long_says_what_to_do(house) -> None:
    house.settings = house.settings.model_copy(update={"listing_limit": 3})
    async with house.running():
        _, told = await house.tell("PUT", f"/datasets/{A}", {"path": f"{house.root}/ds-a/in/"})
        assert told["shape"]["bytes"] == 8
        (house.root / "ds-a" / "in" / "four").write_bytes(b"")
        await house.open(datasets={A: [""]})
        answer = await house.get(f"/datasets/{A}/")
    assert answer.status == 422
    assert "subfolders" in json.loads(answer.body)["detail"]


async def test_many_requests_share_a_connection(dal) -> None:
    head = f"Authorization: Bearer {dal.token()}\r\nHost: dal\r\n".encode()
    one = f"GET /datasets/{A}/one.csv HTTP/1.1\r\n".encode() + head
    answer = await dal.raw((one + b"\r\n") * 3 + one + b"Connection: close\r\n\r\n")
    assert answer.body.count(CSV) == 4


async def test_the_metrics_count_answers(dal) -> None:
    await dal.get(f"/datasets/{A}/one.csv")
    await dal.get("/datasets/nope/")
    metrics = (await dal.get("/metrics")).body.decode()
    assert 'fedpact_dal_answers_total{status="403"} 1.0' in metrics
    assert f"fedpact_dal_sent_bytes_total {float(len(CSV))}" in metrics
