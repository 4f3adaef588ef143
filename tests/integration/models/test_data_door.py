"""A model's door to the data, against a data access layer that answers as the contract says."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from fake_dal import FakeDal, serving

from fedpact.models.logreg.kit.dal import DataDoor, Policy
from fedpact.models.logreg.kit.errors import SiteRefusalError


def door(dal: FakeDal, *paths: str) -> DataDoor:
    return DataDoor.from_environment(dal.environment({f"d{n}_g_o": path for n, path in enumerate(paths)}))


def test_each_dataset_is_read_by_its_path() -> None:
    with serving(FakeDal(contents={"s3://b/a b.csv": [b"1"], "file:///d/c.csv": [b"2"]})) as dal:
        assert door(dal, "s3://b/a b.csv", "file:///d/c.csv").tables() == [b"1", b"2"]


def test_a_folder_is_read_page_by_page_and_only_its_tables() -> None:
    pages = {
        "s3://b/f/": [json.dumps(["s3://b/f/b.csv", "s3://b/f/readme.txt", "s3://b/f/sub/"]).encode()],
        "s3://b/f/?page=2": [json.dumps(["s3://b/f/a.csv"]).encode()],
        "s3://b/f/a.csv": [b"a"],
        "s3://b/f/b.csv": [b"b"],
    }
    with serving(FakeDal(contents=pages, links={"s3://b/f/": "s3://b/f/?page=2"})) as dal:
        assert door(dal, "s3://b/f/").tables() == [b"a", b"b"]


def test_the_policy_comes_with_the_data() -> None:
    policy = {"permissions": {"x": 1}, "privacy": {"min_count": 7}}
    with serving(FakeDal(contents={}, policy=policy)) as dal:
        assert door(dal, "s3://b/a.csv").policies() == [Policy(permissions={"x": 1}, privacy={"min_count": 7})]
    assert dal.asked == ["/policies/s3://b/a.csv"]


@pytest.mark.parametrize("policy", [[], None, {}, {"permissions": {}}, {"permissions": [], "privacy": {}}])
def test_a_policy_that_cannot_be_read_ends_it(policy: object) -> None:
    with serving(FakeDal(contents={}, policy=policy)) as dal, pytest.raises(SiteRefusalError, match="cannot be read"):
        door(dal, "s3://b/a.csv").policies()


def test_a_refusal_tells_the_status_and_not_the_answer() -> None:
    with serving(FakeDal(contents={})) as dal, pytest.raises(SiteRefusalError) as refused:
        door(dal, "s3://b/gone.csv").tables()
    assert refused.value.reason == "the data access layer refused `datasets` with status 404"


def test_a_wrong_token_is_refused() -> None:
    with serving(FakeDal(contents={"a": [b""]})) as dal, pytest.raises(SiteRefusalError, match="status 403"):
        DataDoor(url=dal.url, token="other", paths={"d": "a"}).tables()


def test_a_layer_that_is_away_is_told() -> None:
    with serving(FakeDal(contents={})) as dal:
        gone = replace(door(dal, "a"), pauses=(0.0, 0.0))
    with pytest.raises(SiteRefusalError, match="did not answer"):
        gone.tables()


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
BROKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
NOT_NOW = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def saying(*answers: bytes) -> Iterator[DataDoor]:
    """A door to a layer that says one thing to each connection, and has the patience to hear them all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            for say in answers:
                with listener.accept()[0] as line:
                    line.recv(4096)
                    line.sendall(say)

        talking = threading.Thread(target=answer, daemon=True)
        talking.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield DataDoor(url=url, token="t", paths={"d": "a"}, pauses=(0.0,) * (len(answers) - 1))
        talking.join()


def test_a_layer_that_starts_again_is_waited_for() -> None:
    """The first connection is cut as when a process dies, and so is the second."""
    with saying(b"", BROKEN, ANSWER) as away:
        assert away.tables() == [b"a"]


def test_a_layer_whose_storage_does_not_answer_is_waited_for() -> None:
    with saying(NOT_NOW, NOT_NOW, ANSWER) as waiting:
        assert waiting.tables() == [b"a"]


def test_a_storage_that_stays_away_is_told() -> None:
    with saying(NOT_NOW, NOT_NOW) as waiting, pytest.raises(SiteRefusalError, match="`datasets` with status 503"):
        waiting.tables()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"APH_DATA": "{}", "APH_API_DAL_URL": "http://x", "APH_DAL_TOKEN": "t"},
        {"APH_DATA": "[", "APH_API_DAL_URL": "http://x", "APH_DAL_TOKEN": "t"},
        {"APH_DATA": '{"d": "p"}', "APH_API_DAL_URL": "http://x"},
    ],
)
def test_a_site_without_its_variables_says_so(environment: dict) -> None:
    with pytest.raises(SiteRefusalError, match="the site was"):
        DataDoor.from_environment(environment)
