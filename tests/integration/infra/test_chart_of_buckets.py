"""Buckets in the gateway's chart: only the DAL learns of them, holds their keys and reaches their servers."""

import json

import pytest
from charts import BUCKETS, MINIO, SECRETS_OF_BUCKETS, helm_lacks, merged, one, pods, rendered, told

from fedpact.dal_service.settings import Settings as Dal

pytestmark = pytest.mark.skipif(bool(helm_lacks()), reason=helm_lacks())
PEERS = MINIO["peers"]


def test_the_dal_is_told_its_buckets_and_mounts_their_keys_and_nobody_else_does() -> None:
    objects = rendered("gateway", BUCKETS)
    dal = dict(pods(objects))["dal"]
    keys = "/run/secrets/s3/{}/credentials"
    assert json.loads(told(dal)["FEDPACT_DAL_SOURCES_S3"]) == [
        {
            "bucket": "trials",
            "endpoint": "",
            "region": "us-east-1",
            "style": "path",
            "credentials": keys.format("dal-s3"),
        },
        {
            "bucket": "scans",
            "endpoint": "",
            "region": "eu-central-1",
            "style": "path",
            "credentials": keys.format("dal-s3"),
        },
        {
            "bucket": "cohorts",
            "endpoint": "https://minio.storage.svc:9000",
            "region": "us-east-1",
            "style": "virtual",
            "credentials": keys.format("minio"),
            "ca": "/run/secrets/s3/minio/ca.crt",
        },
    ]
    mounted = {volume["secret"]["secretName"] for volume in dal["volumes"] if "secret" in volume}
    assert mounted == SECRETS_OF_BUCKETS
    others = {
        v["secret"]["secretName"] for n, pod in pods(objects) if n != "dal" for v in pod["volumes"] if "secret" in v
    }
    assert not others & SECRETS_OF_BUCKETS


def test_what_the_chart_tells_of_buckets_is_what_the_dal_understands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in told(dict(pods(rendered("gateway", BUCKETS)))["dal"]).items():
        monkeypatch.setenv(name, value)
    origins = [allowed.place.origin for allowed in Dal().sources_s3]
    assert origins == [
        "https://s3.us-east-1.amazonaws.com",
        "https://s3.eu-central-1.amazonaws.com",
        "https://cohorts.minio.storage.svc:9000",
    ]


def test_a_gateway_of_buckets_alone_has_no_folder_of_the_node() -> None:
    objects = rendered("gateway", BUCKETS)
    dal = dict(pods(objects))["dal"]
    assert "data" not in {volume["name"] for volume in dal["volumes"]}
    assert "FEDPACT_DAL_SOURCES_FILES_FOLDER" not in told(dal)
    assert "fedpact-gateway-data" not in {each["metadata"]["name"] for each in objects}


def test_the_way_to_a_bucket_is_held_to_its_servers_name_or_to_its_addresses() -> None:
    with_it = rendered("gateway", BUCKETS)
    named = one(with_it, "CiliumNetworkPolicy", "dal")["spec"]["egress"]
    assert [(rule["toFQDNs"], rule["toPorts"]) for rule in named if "toFQDNs" in rule] == [
        ([{"matchName": f"s3.{region}.amazonaws.com"}], [{"ports": [{"port": "443", "protocol": "TCP"}]}])
        for region in ("us-east-1", "eu-central-1")
    ]
    _, peer = one(with_it, "NetworkPolicy", "dal")["spec"]["egress"]
    assert peer == {"ports": [{"protocol": "TCP", "port": 9000}], "to": PEERS}
    without = rendered("gateway", merged(BUCKETS, {"cilium": {"enabled": False}}))
    _, *rules = one(without, "NetworkPolicy", "dal")["spec"]["egress"]
    assert [rule["to"] for rule in rules] == [
        [{"ipBlock": {"cidr": "0.0.0.0/0"}}], [{"ipBlock": {"cidr": "198.51.100.0/24"}}], PEERS,
    ]  # fmt: skip
    assert "egress" not in one(rendered("gateway"), "NetworkPolicy", "dal")["spec"]
