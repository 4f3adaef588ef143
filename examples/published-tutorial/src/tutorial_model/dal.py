"""The tutorial's way to the data: settings from the environment, one file or a folder of them, the policy."""

from http import HTTPStatus
from pathlib import Path

import requests
from pydantic import AnyHttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict


class DALException(Exception):  # noqa: N818 - the tutorial's name
    """The data access layer does not give what was asked for."""


class DALSettings(BaseSettings):
    api_dal_url: AnyHttpUrl
    dal_token: str
    data: dict[str, str]
    timeout: int = 360

    model_config = SettingsConfigDict(env_prefix="APH_", env_file_encoding="utf-8")

    @property
    def active(self) -> bool:
        return bool(self.dal_token and self.data)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.dal_token}"}

    def endpoint(self, what: str) -> str:
        return f"{str(self.api_dal_url).rstrip('/')}/{what}/"


def remove_prefix(url: str, ds_path: str) -> Path:
    """The path relative to the dataset's root."""
    return Path(url).relative_to(ds_path)


def local_path(url: str, local_root: Path, ds_path: str) -> Path:
    """Where a file of the dataset goes in the local file system, with its folders made."""
    path = local_root / remove_prefix(url, ds_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def asked(url: str, cfg: DALSettings, what: str = "datasets") -> requests.Response:
    """The answer to one question."""
    r = requests.get(f"{cfg.endpoint(what)}{url}", headers=cfg.headers, timeout=cfg.timeout)
    if r.status_code != HTTPStatus.OK:
        raise DALException(f"status code is not OK: {r.status_code}")
    return r


def download(ds_path: str, download_root: Path, cfg: DALSettings) -> list[Path]:
    """The dataset's files below `download_root`, whether it is one file or a folder."""
    if not ds_path.endswith("/"):
        urls, root = [ds_path], str(Path(ds_path).parent)
    else:
        urls, root = asked(ds_path, cfg).json(), ds_path
    files = [(url, local_path(url, download_root, root)) for url in urls if not url.endswith("/")]
    for url, path in files:
        path.write_bytes(asked(url, cfg).content)
    return [path for _, path in files]
