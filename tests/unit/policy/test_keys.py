from pathlib import Path
from stat import S_IMODE

import pytest
from policy_values import OWNERS

from fedpact.decision import keys
from fedpact.policy.adapters.owner_keys import KeyFolder
from fedpact.policy.adapters.signing_key import signing_key
from fedpact.policy.domain.errors import KeyFileError


def test_the_key_is_made_once_for_its_owner_only_and_its_public_half_for_all(tmp_path: Path) -> None:
    private, public = tmp_path / "keys" / "policy.pem", tmp_path / "pinned" / "policy.pub"
    key = signing_key(private, public)
    assert S_IMODE(private.stat().st_mode) == 0o600
    assert S_IMODE(public.stat().st_mode) == 0o644
    assert keys.keyid(keys.public_from_pem(public.read_bytes())) == keys.keyid(key)
    assert keys.keyid(signing_key(private, public)) == keys.keyid(key)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["policy.pem", "policy.pub"]


def test_a_public_half_that_is_another_keys_is_replaced(tmp_path: Path) -> None:
    public = tmp_path / "policy.pub"
    public.write_bytes(keys.public_pem(keys.generate()))
    key = signing_key(tmp_path / "policy.pem", public)
    assert public.read_bytes() == keys.public_pem(key)


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    private = tmp_path / "policy.pem"
    signing_key(private, tmp_path / "policy.pub")
    private.chmod(0o640)
    with pytest.raises(KeyFileError, match="0600"):
        signing_key(private, tmp_path / "policy.pub")


async def test_each_organization_has_its_own_keys(tmp_path: Path) -> None:
    folder = tmp_path / "clinic"
    folder.mkdir()
    (folder / "a.pem").write_bytes(keys.public_pem(OWNERS["clinic"]))
    known = await KeyFolder(tmp_path).of("clinic")
    assert sorted(known) == [keys.keyid(OWNERS["clinic"])]
    assert await KeyFolder(tmp_path).of("lab") == {}
    assert await KeyFolder(None).of("clinic") == {}


async def test_a_file_that_is_no_public_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "clinic").mkdir()
    (tmp_path / "clinic" / "broken.pem").write_text("nothing")
    with pytest.raises(KeyFileError, match=r"broken\.pem"):
        await KeyFolder(tmp_path).of("clinic")
