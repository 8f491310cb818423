"""What openstacksdk reads in clouds.yaml and secure.yaml is what we read."""

import json
import random
from pathlib import Path

import pytest

from reconcile.apis import load_api
from reconcile.errors import AccessError
from reconcile.fetch.credentials.clouds_yaml import read_cloud
from reconcile.fetch.credentials.settings import Settings
from reconcile.fetch.secret import Secret
from reconcile.model.diagnostic import Source
from reconcile.model.manifest import Provider

exceptions = pytest.importorskip(
    "openstack.exceptions", reason="openstacksdk is not installed: 'make oracle' does that"
)
loader = pytest.importorskip("openstack.config.loader", reason="openstacksdk is not installed: 'make oracle' does that")

FILES = 300
PROVIDER = Provider(
    name="otc",
    api=load_api("sfs-turbo"),
    cloud="otc",
    region="eu-de",
    project_id="p",
    source=Source(file="reconcile.yaml", line=1, column=1),
)

_WHO = ("username", "user_id", "password", "auth_url", "ak", "sk")
_SCOPE = ("project_id", "project_name", "domain_id", "domain_name")
_SCOPE += tuple(f"{whose}_{what}" for whose in ("user", "project") for what in ("domain_id", "domain_name"))
_OLD = ("tenant_id", "tenant_name", "auth_token", "token")
_INSIDE = (*_WHO, *_SCOPE, *_OLD)
_OUTSIDE = (*_SCOPE, *_OLD)
_VALUES = ("a", "B-2", "https://iam.test/v3", "with space", "ü", "yes", "null")


def _entry(rng: random.Random, spelt: dict[str, str]) -> dict[str, object]:
    """Make up the entry of a cloud, with odd but legal names and places."""
    auth = {spelt.get(name, name): rng.choice(_VALUES) for name in rng.sample(_INSIDE, rng.randint(0, 8))}
    outside = {spelt.get(name, name): rng.choice(_VALUES) for name in rng.sample(_OUTSIDE, rng.choice((0, 0, 0, 1, 2)))}
    return {"auth": auth, "region_name": "eu-de", **outside, **_regions(rng, spelt)}


def _regions(rng: random.Random, spelt: dict[str, str]) -> dict[str, object]:
    """Make up the list of a cloud's regions, of which one in two has values."""
    if rng.random() < 0.5:
        return {}
    names = rng.sample(("eu-de", "eu-nl", "eu-ch2"), rng.randint(1, 3))
    return {"regions": [_region(rng, name, spelt) for name in names]}


def _region(rng: random.Random, name: str, spelt: dict[str, str]) -> object:
    if rng.random() < 0.3:
        return name
    auth = {spelt.get(each, each): rng.choice(_VALUES) for each in rng.sample(_INSIDE, rng.randint(0, 3))}
    outside = {spelt.get(each, each): rng.choice(_VALUES) for each in rng.sample(_OUTSIDE, rng.choice((0, 0, 1)))}
    return {"name": name, "values": {"auth": auth, **outside}} if rng.random() < 0.9 else {"name": name}


def _write(rng: random.Random, folder: Path, stem: str, spelt: dict[str, str]) -> str:
    names = ("c", "other") if rng.random() < 0.9 else ("other",)
    path = folder / f"{stem}.{rng.choice(('yaml', 'yml', 'json'))}"
    path.write_text(json.dumps({"clouds": {name: _entry(rng, spelt) for name in names}}), encoding="utf-8")
    return str(path)


def _read_theirs(config: str, secure: str | None) -> dict[str, str] | None:
    """Return what openstacksdk has in `auth`; None if it has no such cloud."""
    files = loader.OpenStackConfig(
        config_files=[config], secure_files=[secure] if secure else [], vendor_files=[], load_envvars=False
    )
    if "c" not in files.get_cloud_names():
        return None
    try:
        config = files.get_one("c", validate=False, region_name="eu-de").config
    except exceptions.ConfigException as error:
        return {"error": "region" if "is not a valid region name" in str(error) else str(error)}
    return {name: value for name, value in config["auth"].items() if value}


def _read_ours(config: str, secure: str | None) -> dict[str, str] | None:
    environ = {"OS_CLIENT_CONFIG_FILE": config}
    if secure:
        environ["OS_CLIENT_SECURE_FILE"] = secure
    try:
        named = Settings(provider=PROVIDER, values={"cloud": Secret("c")}, describe=lambda name: "OS_CLOUD")
        cloud = read_cloud(named, environ)
    except AccessError as error:
        return None if "has no such cloud" in str(error) else {"error": "region" if "no region" in str(error) else ""}
    return {name: secret.reveal() for name, secret in cloud.values.items()}


def _share_domain(auth: dict[str, str]) -> dict[str, str]:
    """Take the one domain for user and project also where no project is named, for our project is the manifest's."""
    for what in ("domain_id", "domain_name"):
        shared = auth.pop(what, None)
        if shared is not None:
            auth = {f"user_{what}": shared, f"project_{what}": shared, **auth}
    return auth


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(10))
def test_clouds_yaml_is_read_as_openstacksdk_reads_it(tmp_path: Path, monkeypatch, seed: int) -> None:
    monkeypatch.chdir(tmp_path)
    rng = random.Random(seed)
    for number in range(FILES // 10):
        folder = tmp_path / str(number)
        folder.mkdir()
        # One file spells a name with dashes or with underscores; which of both wins if both stand there is chance.
        spelt = {name: name.replace("_", "-") for name in (*_SCOPE, *_OLD) if rng.random() < 0.2}
        config = _write(rng, folder, "clouds", spelt)
        secure = _write(rng, folder, "secure", spelt) if rng.random() < 0.6 else None
        theirs = _read_theirs(config, secure)
        expected = _share_domain(theirs) if theirs is not None else None
        assert _read_ours(config, secure) == expected, (config, Path(config).read_text(), secure)
