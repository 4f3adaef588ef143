"""Devices: a person approves in the browser what a command line asked for."""

import pytest
from identity_lab import actor_of

from fedpact.identity.entrypoints.http import DEVICE


async def test_a_device_logs_in_the_person_who_approves(lab):
    device = await lab.device()
    assert device["verification_uri"] == f"{lab.base}/device"
    assert (device["expires_in"], device["interval"]) == (600, 5)
    assert (await lab.poll(device)).error == "authorization_pending"
    page = await lab.get("/device?user_code=" + device["user_code"])
    assert f'value="{device["user_code"]}"' in page.text
    typed = device["user_code"].lower().replace("-", " ")
    approved = await lab.post("/device", user_code=typed, user="olga", decision="approve")
    assert (approved.status, "Approved" in approved.text) == (200, True)
    issued = await lab.poll(device)
    assert (await actor_of(lab, issued)).user == "olga"
    assert (await lab.token("refresh_token", refresh_token=issued.body["refresh_token"])).status == 200
    assert (await lab.poll(device)).error == "invalid_grant"


async def test_a_device_that_asks_too_often_is_slowed_down(lab):
    device = await lab.device()
    assert (await lab.poll(device)).error == "authorization_pending"
    lab.clock.pass_(4)
    assert (await lab.poll(device)).error == "slow_down"
    lab.clock.pass_(9)
    assert (await lab.poll(device)).error == "slow_down"
    lab.clock.pass_(15)
    assert (await lab.poll(device)).error == "authorization_pending"


async def test_a_denied_device_is_told_so(lab):
    device = await lab.device()
    denied = await lab.post("/device", user_code=device["user_code"], user="olga", decision="deny")
    assert "Denied" in denied.text
    assert (await lab.poll(device)).error == "access_denied"


async def test_a_device_nobody_approves_expires(lab):
    device = await lab.device()
    lab.clock.pass_(600)
    assert (await lab.poll(device)).error == "expired_token"
    late = await lab.post("/device", user_code=device["user_code"], user="olga", decision="approve")
    assert (late.status, "no device waits" in late.text) == (400, True)


async def test_a_device_code_belongs_to_its_client(lab):
    device = await lab.device()
    assert (await lab.poll(device, "other")).error == "invalid_client"
    assert (await lab.poll({"device_code": "guess"})).error == "invalid_grant"
    assert (await lab.token(DEVICE, client_id="fedpact-cli")).error == "invalid_request"
    assert (await lab.token(DEVICE, device_code=device["device_code"])).error == "invalid_request"


async def test_a_device_of_an_unknown_client_is_refused(lab):
    assert (await lab.post("/device_authorization", client_id="other")).error == "invalid_client"
    assert (await lab.post("/device_authorization")).error == "invalid_request"


async def test_without_a_login_of_people_devices_are_told_at_once(strict_lab):
    refused = await strict_lab.post("/device_authorization", client_id="fedpact-cli")
    assert refused.error == "unauthorized_client"
    assert (await strict_lab.get("/device")).status == 403
    assert (await strict_lab.post("/device", user_code="x", user="ada", decision="approve")).status == 403


@pytest.mark.parametrize("user", ["robot", "nobody", ""])
async def test_nobody_but_a_person_approves(lab, user):
    device = await lab.device()
    refused = await lab.post("/device", user_code=device["user_code"], user=user, decision="approve")
    assert refused.status == 400
    assert (await lab.poll(device)).error == "authorization_pending"


async def test_another_sites_page_cannot_approve(lab):
    device = await lab.device()
    foreign = {"Origin": "https://evil.example"}
    refused = await lab.post("/device", foreign, user_code=device["user_code"], user="ada", decision="approve")
    assert refused.status == 400
    assert (await lab.poll(device)).error == "authorization_pending"


async def test_the_page_shows_text_as_text_and_stands_alone(lab):
    page = await lab.get('/device?user_code="><script>')
    assert "<script>" not in page.text
    assert "Ada &lt;b&gt;" in page.text
    assert "Robot" not in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
