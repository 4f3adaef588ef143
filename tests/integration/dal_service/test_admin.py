"""The agent's side: what it may say, who may say it, and that it is remembered."""

import asyncio
import json
import os
import shutil
import stat
import tempfile
from datetime import timedelta
from itertools import takewhile
from pathlib import Path

import pytest

A, AB, ZIP, TOP = "ds-a_gw-1_org-1", "ds-ab_gw-1_org-1", "scan_gw-1_org-1", "top_gw-1_org-1"
ACTIVATION = "s-1-1-gw-1-1"


async def test_the_socket_is_for_one_user(dal) -> None:
    found = dal.settings.admin_socket.stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert stat.S_IMODE(dal.settings.admin_socket.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_another_user_is_turned_away_by_the_kernels_word(dal) -> None:
    """The modes are opened on purpose: the check must not rest on them."""
    ours = takewhile(lambda folder: folder != Path(tempfile.gettempdir()), dal.settings.admin_socket.parents)
    for one in (dal.settings.admin_socket, *ours):
        one.chmod(0o777)
    program = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b'GET /activations HTTP/1.0\\r\\n\\r\\n'); print(s.recv(99))"
    asking = await asyncio.create_subprocess_exec(
        shutil.which("python3", path="/usr/bin:/usr/local/bin") or "python3", "-c", program, str(dal.settings.admin_socket),
        user=65534, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd="/",
    )  # fmt: skip
    answer, error = await asking.communicate()
    assert b"403" in answer, (answer, error)


async def test_the_agents_side_is_not_on_the_network(dal) -> None:
    for method, path in (("PUT", f"/activations/{ACTIVATION}"), ("GET", "/activations"), ("PUT", f"/datasets/{A}")):
        assert (await dal.get(path, method=method)).status in {401, 403, 404, 405}


async def test_a_restart_loses_nothing(house) -> None:
    token = house.token()
    async with house.running():
        await house.tell("PUT", f"/datasets/{A}", {"path": f"{house.root}/ds-a/"})
        await house.tell("PUT", f"/datasets/{AB}", {"path": f"{house.root}/ds-ab/"})
        await house.open(datasets={A: [""]})
        await house.open("s-2-1-gw-1-1", datasets={A: [""]})
        await house.tell("DELETE", f"/datasets/{AB}")
        await house.tell("DELETE", "/activations/s-2-1-gw-1-1")
    async with house.running():
        assert (await house.get(f"/datasets/{A}/one.csv", token=token)).status == 200
        assert (await house.get(f"/datasets/{A}/one.csv", token=house.token(sub="s-2-1-gw-1-1"))).status == 401
        _, told = await house.tell("GET", "/datasets")
        assert [mapped["dataset"] for mapped in told] == [A]


async def test_a_store_that_is_lost_lets_nobody_in(house) -> None:
    async with house.running():
        await house.tell("PUT", f"/datasets/{A}", {"path": f"{house.root}/ds-a/"})
        await house.open(datasets={A: [""]})
    shutil.rmtree(house.settings.state_folder)
    async with house.running():
        assert (await house.get(f"/datasets/{A}/one.csv")).status == 401


async def test_a_crashed_predecessors_socket_is_replaced(house) -> None:
    house.settings.admin_socket.parent.mkdir()
    os.mknod(house.settings.admin_socket, 0o600 | stat.S_IFSOCK)
    async with house.running():
        assert (await house.tell("GET", "/activations"))[0] == 200


async def test_an_allowed_root_that_is_taken_away_takes_its_datasets_with_it(house) -> None:
    async with house.running():
        await house.tell("PUT", f"/datasets/{A}", {"path": f"{house.root}/ds-a/"})
        await house.open(datasets={A: [""]})
    house.settings = house.settings.model_copy(update={"sources_files_folder": (house.base / "run",)})
    async with house.running():
        assert (await house.get(f"/datasets/{A}/one.csv")).status == 404


async def test_revoking_and_unmapping_twice_is_no_mistake(dal) -> None:
    for _ in range(2):
        assert (await dal.tell("DELETE", f"/activations/{ACTIVATION}"))[0] == 204
        assert (await dal.tell("DELETE", f"/datasets/{A}"))[0] == 204


@pytest.mark.parametrize("root", ["/", "../", "in//", "./", "in/../", "a\n"])
async def test_a_root_that_nothing_lies_below_is_refused(dal, root: str) -> None:
    body = {
        "datasets": {A: ["in/", root]},
        "valid_until": dal.clock.now().isoformat(),
        "requester": {"user": "u-1", "organization": "org-2"},
        "model": {"id": "m", "version": "1.0.0", "digest": "sha256:" + "0" * 64},
    }
    status, told = await dal.tell("PUT", "/activations/s-3-1-gw-1-1", body)
    assert (status, told["slug"], told["path"]) == (422, "root_refused", f"datasets.{A}")


async def test_what_is_not_open_cannot_be_extended(dal) -> None:
    until = (dal.clock.now() + timedelta(minutes=10)).isoformat()
    status, told = await dal.tell("POST", "/activations/s-9-1-gw-1-1/extend", {"valid_until": until})
    assert (status, told["slug"]) == (404, "unknown_activation")


async def test_an_activation_of_a_dataset_that_is_not_mapped_is_refused(dal) -> None:
    body = {
        "datasets": {A: [""], TOP: [""]},
        "valid_until": dal.clock.now().isoformat(),
        "requester": {"user": "u-1", "organization": "org-2"},
        "model": {"id": "m", "version": "1.0.0", "digest": "sha256:" + "0" * 64},
    }
    status, told = await dal.tell("PUT", "/activations/s-3-1-gw-1-1", body)
    assert (status, told["slug"]) == (404, "unknown_dataset")
    assert len((await dal.tell("GET", "/activations"))[1]) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/activations/{ACTIVATION}", {}),
        (f"/activations/{ACTIVATION}", {"datasets": {}}),
        (f"/activations/{ACTIVATION}/extend", {"valid_until": "2026-01-01T00:00:00"}),
        ("/activations/A_B", {}),
        (f"/datasets/{A}", {"path": "/x/", "extra": 1}),
        ("/datasets/no-id", {"path": "/x/"}),
        ("/datasets/inspect", {}),
    ],
)
async def test_what_is_malformed_is_422_with_its_place(dal, path: str, body: object) -> None:
    method = "POST" if path.endswith(("extend", "inspect")) else "PUT"
    status, told = await dal.tell(method, path, body)
    assert status == 422
    assert told["detail"]


async def test_a_table_is_inspected_for_its_columns_and_rows(dal) -> None:
    status, told = await dal.tell("POST", "/datasets/inspect", {"path": f"{dal.root}/ds-a/one.csv"})
    assert (status, told) == (200, {"kind": "file", "bytes": 17, "rows": 2, "columns": ["id", "age"]})


@pytest.mark.parametrize("content", [b"\xff\xfe", b'a,"b\n1', b"a\0b,c\n", b""])
async def test_a_table_that_cannot_be_read_is_still_a_file(dal, content: bytes) -> None:
    (dal.root / "odd.csv").write_bytes(content)
    status, told = await dal.tell("POST", "/datasets/inspect", {"path": f"{dal.root}/odd.csv"})
    assert (status, told["kind"], told["columns"]) == (200, "file", [])


async def test_archives_and_folders_are_told_apart(dal) -> None:
    for path, kind, size in (("scan.zip", "archive", 6), ("ds-a/in/", "folder", 8)):
        _, told = await dal.tell("POST", "/datasets/inspect", {"path": f"{dal.root}/{path}"})
        assert (told["kind"], told["bytes"]) == (kind, size)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("{base}/secret", "outside the roots"),
        ("{base}/rootless/", "outside the roots"),
        ("{root}", "outside the roots"),
        ("/etc/passwd", "outside the roots"),
        ("{root}/../secret", "not a plain absolute path"),
        ("{root}//ds-a/", "not a plain absolute path"),
        ("ds-a/", "not a plain absolute path"),
        ("{root}/none", "does not exist"),
        ("{root}/ds-a", "end it with `/`"),
        ("{root}/scan.zip/", "only folders end in `/`"),
        ("{root}/ds-a/link-in", "link"),
        ("{root}/ds-a/link-out", "link"),
        ("{root}/ds-a/link-folder/", "link"),
        ("{root}/ds-a/link-folder/x", "link"),
        ("{root}/ds-a/pipe", "neither a file nor a folder"),
    ],
)
async def test_what_cannot_be_served_is_not_mapped_and_the_reason_helps(dal, path: str, reason: str) -> None:
    wanted = {"path": path.format(base=dal.base, root=dal.root)}
    for method, target in (("PUT", f"/datasets/{TOP}"), ("POST", "/datasets/inspect")):
        status, told = await dal.tell(method, target, wanted)
        assert (status, told["slug"]) == (422, "mapping_refused")
        assert reason in told["detail"]
    assert TOP not in {mapped["dataset"] for mapped in (await dal.tell("GET", "/datasets"))[1]}


async def test_a_whole_root_can_be_a_dataset(dal) -> None:
    status, told = await dal.tell("PUT", f"/datasets/{TOP}", {"path": f"{dal.root}/"})
    assert (status, told["address"]) == (200, f"{TOP}/")
    await dal.open(datasets={TOP: [""]})
    found = await dal.get(f"/datasets/{TOP}/", token=dal.token(datasets={TOP: ["ds-a/in/", ""]}))
    assert f"{TOP}/ds-a/in/two.txt" in json.loads(found.body)


@pytest.mark.parametrize("address", ["s3://bucket/x", "s3://bucket", "http://x/y/", f"{AB}/", "../", "s3://b/"])
async def test_an_own_address_is_that_of_a_bucket_and_agrees_with_the_path(dal, address: str) -> None:
    status, _ = await dal.tell("PUT", f"/datasets/{TOP}", {"path": f"{dal.root}/ds-a/", "address": address})
    assert status == 422


async def test_two_datasets_never_share_an_address(dal) -> None:
    await dal.tell("PUT", f"/datasets/{A}", {"path": f"{dal.root}/ds-a/", "address": "s3://bucket/x/"})
    status, told = await dal.tell(
        "PUT", f"/datasets/{TOP}", {"path": f"{dal.root}/ds-a/in/", "address": "s3://bucket/x/in/"}
    )
    assert (status, told["slug"]) == (409, "address_taken")
