"""The hub's chart, where an identity provider logs people in."""

import pytest
from charts import helm_lacks, pods, rendered

from fedpact.identity.settings import Provider

pytestmark = pytest.mark.skipif(bool(helm_lacks()), reason=helm_lacks())


def test_identity_is_told_of_the_provider_and_may_reach_it() -> None:
    login = {"issuer": "https://login.example", "client_id": "fedpact", "roles_claim": "r", "roles": {"boss": "owner"}}
    peer = {"ipBlock": {"cidr": "198.51.100.7/32"}}
    objects = rendered("hub", {"login": login, "network": {"provider": [peer]}})
    [identity] = [pod for name, pod in pods(objects) if name == "identity"]
    told = {each["name"]: each.get("value") for each in identity["containers"][0]["env"]}
    assert Provider.model_validate_json(told["FEDPACT_IDENTITY_PROVIDER"]).roles == {"boss": "owner"}
    [policy] = [o for o in objects if o["kind"] == "NetworkPolicy" and o["metadata"]["name"] == "identity"]
    assert policy["spec"]["egress"] == [{"ports": [{"protocol": "TCP", "port": 443}], "to": [peer]}]
