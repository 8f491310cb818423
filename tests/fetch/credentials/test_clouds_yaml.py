import os
import textwrap
from pathlib import Path

import pytest

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials import find_credential
from reconcile.fetch.credentials.clouds_yaml import read_cloud
from reconcile.fetch.credentials.settings import Settings
from reconcile.fetch.secret import Secret
from reconcile.model.diagnostic import Diagnostic

CANARY = "canary-7f3a9c51"


class Folders:
    """The three places, of which only the first two are the test's; and the environment."""

    def __init__(self, root: Path) -> None:
        self.here = root / "checkout"
        self.home = root / "home" / ".config" / "openstack"
        self.environ = {"OS_CLOUD": "c", "HOME": str(root / "home")}
        for folder in (self.here, self.home):
            folder.mkdir(parents=True)

    def write(self, folder: Path, text: str, name: str = "clouds.yaml") -> None:
        (folder / name).write_text(textwrap.dedent(text))


@pytest.fixture
def folders(tmp_path, monkeypatch) -> Folders:
    folders = Folders(tmp_path)
    monkeypatch.chdir(folders.here)
    return folders


@pytest.fixture
def read(folders, make_provider):
    def read(**environ: str) -> Settings:
        named = Settings(provider=make_provider(), values={"cloud": Secret("c")}, describe=lambda name: "OS_CLOUD")
        return read_cloud(named, {**folders.environ, **environ})

    return read


@pytest.fixture
def find(folders, make_provider):
    def find(clouds: str = "", secure: str = "", **provider: str | None):
        folders.write(folders.here, clouds)
        if secure:
            folders.write(folders.here, secure, "secure.yaml")
        environ = {**folders.environ, "OS_CLIENT_CONFIG_FILE": "clouds.yaml"}
        return find_credential(make_provider(project_id="p", **provider), environ=environ)

    return find


@pytest.fixture
def fault_of(find):
    def fault_of(clouds: str = "", secure: str = "", **provider: str | None) -> Diagnostic:
        with pytest.raises(AccessError) as raised:
            find(clouds, secure, **provider)
        assert CANARY not in repr(raised.value)
        return raised.value.diagnostics[0]

    return fault_of


def values_of(cloud: Settings) -> dict[str, str]:
    return {name: secret.reveal() for name, secret in cloud.values.items()}


# --- Where it is -----------------------------------------------------------------------------------------------


def entry_of(token: str) -> str:
    return f"clouds: {{c: {{auth: {{token: {token}}}}}}}"


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (["here/clouds.yaml", "here/clouds.json", "home/clouds.yaml"], "here/clouds.yaml"),
        (["here/clouds.json", "here/clouds.yml"], "here/clouds.yml"),
        (["here/clouds.json", "home/clouds.yaml"], "here/clouds.json"),
        (["here/other.yaml", "here/secure.yaml", "home/clouds.yml"], "home/clouds.yml"),
    ],
)
def test_the_first_file_of_the_search_path_is_read(folders, read, files: list[str], chosen: str) -> None:
    for file in files:
        folder, _, name = file.partition("/")
        folders.write(getattr(folders, folder), f'{{"clouds": {{"c": {{"auth": {{"token": "{file}"}}}}}}}}', name)
    assert values_of(read()) == {"token": chosen}


def test_a_file_that_the_operator_names_is_the_one(folders, read) -> None:
    folders.write(folders.here, entry_of("here"))
    folders.write(folders.home, entry_of("named"), "mine")
    folders.write(folders.home, entry_of("secure"), "hidden")
    config, secure = str(folders.home / "mine"), str(folders.home / "hidden")
    assert values_of(read(OS_CLIENT_CONFIG_FILE=config)) == {"token": "named"}
    assert values_of(read(OS_CLIENT_CONFIG_FILE=config, OS_CLIENT_SECURE_FILE=secure)) == {"token": "secure"}
    with pytest.raises(AccessError, match="there is no file"):
        read(OS_CLIENT_CONFIG_FILE=f"{config}-not")


def test_secrets_of_one_folder_never_go_where_a_file_of_another_says(folders, read) -> None:
    """Whoever sends a pull request may put a clouds.yaml into the checkout."""
    secret = f"clouds: {{c: {{auth: {{password: {CANARY}, auth_url: 'https://iam.test'}}}}}}"
    planted = "clouds: {c: {auth: {auth_url: 'https://evil.test', username: u}}}"
    for name in ("clouds.yaml", "secure.yaml"):
        folders.write(folders.home, secret, name)
    folders.write(folders.here, planted, "secure.yaml")
    assert values_of(read())["auth_url"] == "https://iam.test"
    folders.write(folders.here, planted)
    assert "password" not in values_of(read())
    with pytest.raises(AccessError, match="OS_CLIENT_SECURE_FILE is set, but OS_CLIENT_CONFIG_FILE is not"):
        read(OS_CLIENT_SECURE_FILE=str(folders.home / "secure.yaml"))


def test_no_file_at_all_names_the_places(read) -> None:
    with pytest.raises(AccessError, match=r"no clouds.yaml in .*home/\.config/openstack, /etc/openstack") as raised:
        read()
    assert raised.value.diagnostics[0].code is Code.NO_CREDENTIALS


# --- What it says ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clouds", "secure", "expected"),
    [
        pytest.param("auth: {username: u}", "auth: {password: p}", {"username": "u", "password": "p"}, id="merged"),
        pytest.param("auth: {token: a}", "auth: {token: b}", {"token": "b"}, id="secure-wins"),
        pytest.param("auth: {user-domain-id: d}", "", {"user_domain_id": "d"}, id="dashes"),
        pytest.param("auth: {user-domain-id: d}", "auth: {user_domain_id: e}", {"user_domain_id": "e"}, id="one-name"),
        pytest.param("auth: {tenant_name: t, auth_token: x}", "", {"project_name": "t", "token": "x"}, id="old-names"),
        pytest.param("auth: {tenant_id: t, project_id: p}", "", {"project_id": "p"}, id="old-and-new"),
        pytest.param("auth: {project_id: a}\nproject_id: b", "", {"project_id": "b"}, id="outside-wins"),
        pytest.param("auth: {username: a}\nusername: b", "", {"username": "a"}, id="only-some-outside"),
        pytest.param(
            "auth: {project_id: p, domain_name: d, user_domain_name: e}",
            "",
            {"project_id": "p", "user_domain_name": "e", "project_domain_name": "d"},
            id="one-domain-for-both",
        ),
        pytest.param("auth: {token: null, username: u}", "", {"username": "u"}, id="null-is-absent"),
        pytest.param("region_name: eu-de\nverify: false\nauth: {token: t}", "", {"token": "t"}, id="other-keys"),
    ],
)
def test_an_entry_is_read_as_openstacksdk_reads_it(folders, read, clouds: str, secure: str, expected) -> None:
    folders.write(folders.here, "clouds:\n  c:\n" + textwrap.indent(clouds, "    "))
    if secure:
        folders.write(folders.here, "clouds:\n  c:\n" + textwrap.indent(secure, "    "), "secure.yaml")
    assert values_of(read()) == expected


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("auth: {token: x, ak: AK, sk: SK}", "token from cloud 'c' in clouds.yaml with secure.yaml"),
        ("auth: {ak: AK, sk: SK, username: u}", "access key from cloud 'c' in clouds.yaml with secure.yaml"),
        ("auth: {ak: AK, sk: SK, security_token: x}", "temporary access key from cloud 'c' in clouds.yaml with"),
        (
            "auth: {username: u, user_domain_name: d, auth_url: 'https://iam.test'}",
            "password from cloud 'c' in clouds.yaml with secure.yaml, for a token of https://iam.test/v3",
        ),
        (
            "auth_type: v3password\n    auth: {token: x, ak: A, username: u, user_domain_name: d}",
            "for a token of https://iam.eu-de.otc.t-systems.com/v3",
        ),
        ("profile: otc\n    auth: {username: u, user_domain_id: d}", "of https://iam.eu-de.otc.t-systems.com/v3"),
        ("auth_type: token\n    auth: {token: x, username: u}", "token from"),
    ],
)
def test_a_cloud_may_have_any_kind_of_credential(find, entry: str, said: str) -> None:
    credential = find(f"clouds:\n  c:\n    {entry}", f"clouds: {{c: {{auth: {{password: {CANARY}}}}}}}")
    assert said in str(credential)
    assert CANARY not in f"{credential} {credential!r}"


@pytest.mark.parametrize(
    ("entry", "code", "says"),
    [
        ("x: {}", Code.NO_CREDENTIALS, "has no such cloud"),
        ("c: {}", Code.NO_CREDENTIALS, "has no such cloud"),
        (f"c: {CANARY}", Code.MALFORMED_CREDENTIAL, "cloud 'c' is not a mapping"),
        (f"c: {{auth: {CANARY}}}", Code.MALFORMED_CREDENTIAL, "'auth' is not a mapping"),
        ("c: {auth: {token: 12345}}", Code.MALFORMED_CREDENTIAL, "'token' is read as int, not as a string"),
        ("c: {auth: {username: {a: b}}}", Code.MALFORMED_CREDENTIAL, "'username' is read as Table"),
        ("c: {auth: {token: ''}}", Code.MALFORMED_CREDENTIAL, "is empty"),
        (f"c: {{auth: {{sk: {CANARY}}}}}", Code.NO_CREDENTIALS, "but 'ak' of cloud 'c' in clouds.yaml is not"),
        ("c: {auth: {username: u, user_domain_id: d}}", Code.NO_CREDENTIALS, "but 'password' of cloud 'c'"),
        ("c: {auth_type: token, auth: {password: x}}", Code.NO_CREDENTIALS, "but 'token' of cloud 'c'"),
        (
            "c: {auth_type: v3oidcpassword}",
            Code.NO_CREDENTIALS,
            "is 'v3oidcpassword' for provider 'otc', which reconcile does not support",
        ),
        ("c: {auth: {token: x, project_id: p2}}", Code.OTHER_PROJECT, "is project p, but 'project_id' of cloud 'c'"),
        (
            "c: {profile: vexxhost, auth: {username: u, user_domain_id: d, password: x}}",
            Code.NO_ENDPOINT,
            "is 'vexxhost', whose defaults are not known here",
        ),
        (
            "c: {auth: {username: u, user_domain_id: d, password: x, auth_url: 'http://iam.test'}}",
            Code.ENDPOINT_NOT_ALLOWED,
            "'auth_url' of cloud 'c' in clouds.yaml 'http://iam.test' is plain http",
        ),
    ],
)
def test_a_cloud_that_cannot_be_used_is_an_error_that_says_what_is_wrong(fault_of, entry: str, code, says: str) -> None:
    fault = fault_of(f"clouds: {{{entry}}}")
    assert (fault.code, says in fault.message) == (code, True), fault.message


@pytest.mark.parametrize("text", ["", "[]", "clouds: []", f"{CANARY}", "{}", "clouds:"])
def test_a_file_of_another_shape_has_no_cloud(fault_of, text: str) -> None:
    assert fault_of(text).code in (Code.MALFORMED_CREDENTIAL, Code.NO_CREDENTIALS)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        (f'"{CANARY}', Code.SYNTAX),
        (f"&{CANARY} x", Code.YAML_FEATURE),
        (f"*{CANARY}", Code.YAML_FEATURE),
        (f"!{CANARY} x", Code.YAML_FEATURE),
        (f"@{CANARY}", Code.SYNTAX),
        (f"{{{CANARY}: a, {CANARY}: b}}", Code.DUPLICATE_KEY),
        (f"{CANARY}: x", Code.SYNTAX),
        (f"{CANARY}\u202e", Code.ENCODING),
    ],
)
def test_nothing_of_a_file_that_cannot_be_read_is_shown_A23(fault_of, password: str, code: Code) -> None:
    fault = fault_of(f"clouds:\n  c:\n    auth:\n      password: {password}\n")
    assert fault.code is code
    assert (fault.source is not None, fault.excerpt) == (True, None)


def test_a_file_that_never_ends_is_not_read(folders, read) -> None:
    with pytest.raises(AccessError, match="not a regular file"):
        read(OS_CLIENT_CONFIG_FILE="/dev/zero")
    os.mkfifo(folders.here / "clouds.yaml")
    with pytest.raises(AccessError, match="not a regular file"):
        read()


@pytest.mark.parametrize("link", [False, True], ids=["A01 a file of the checkout", "A01 a planted link"])
def test_a_file_that_was_merely_found_here_does_not_decide_where_a_password_goes(folders, make_provider, link) -> None:
    entry = "clouds: {c: {auth: {username: u, user_domain_name: d, auth_url: 'https://evil.test/v3'}}}"
    secret = f"clouds: {{c: {{auth: {{password: {CANARY}}}}}}}"
    folders.write(folders.home, entry.replace("evil.test", "iam.eu-de.otc.t-systems.com"))
    folders.write(folders.home, secret, "secure.yaml")
    folders.write(folders.here, entry)
    if link:
        (folders.here / "secure.yaml").symlink_to(folders.home / "secure.yaml")
    else:
        folders.write(folders.here, secret, "secure.yaml")
    with pytest.raises(AccessError) as raised:
        find_credential(make_provider(project_id="p"), environ=folders.environ)
    assert raised.value.diagnostics[0].code is Code.ENDPOINT_NOT_ALLOWED
    assert CANARY not in repr(raised.value)
    folders.write(folders.here, entry.replace("evil.test", "iam.eu-de.otc.t-systems.com"))
    assert "password" in str(find_credential(make_provider(project_id="p"), environ=folders.environ))


# --- Regions -----------------------------------------------------------------------------------------------------

_USER = "username: u, user_domain_name: d, password: x"


@pytest.mark.parametrize(
    ("region", "goes_to"),
    [("eu-de", "https://one.test/v3"), ("eu-nl", "https://two.test/v3"), (None, "https://one.test/v3")],
)
def test_u18_the_values_of_the_providers_region_apply(find, region: str | None, goes_to: str) -> None:
    regions = (
        "[{name: eu-de, values: {auth: {auth_url: 'https://one.test'}}},"
        " {name: eu-nl, values: {auth: {auth_url: 'https://two.test', user-domain-name: e}}}]"
    )
    credential = find(
        f"clouds: {{c: {{auth: {{{_USER}, auth_url: 'https://base.test'}}, regions: {regions}}}}}", region=region
    )
    assert str(credential).endswith(f"for a token of {goes_to}")


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        ("[eu-de, eu-nl]", {"token": "t"}),
        ("[{name: eu-de}]", {"token": "t"}),
        ("[{name: eu-de, values: {auth: {token: r}}}]", {"token": "r"}),
        ("[{name: eu-de, values: {auth: {project-id: r}}}]", {"token": "t", "project_id": "r"}),
        ("[{name: eu-de, values: {project_id: r, auth: null}}]", {"token": "t", "project_id": "r"}),
        ("[{name: eu-de, values: {auth_type: v3token}}]", {"token": "t", "auth_type": "v3token"}),
        ("[{name: eu-nl, values: {auth: {token: r}}}, eu-de]", {"token": "t"}),
    ],
)
def test_u18_a_region_is_read_as_openstacksdk_reads_it(folders, read, regions: str, expected) -> None:
    folders.write(folders.here, f"clouds: {{c: {{auth: {{token: t}}, regions: {regions}}}}}")
    assert values_of(read()) == expected


@pytest.mark.parametrize(
    ("regions", "code", "says"),
    [
        ("[eu-nl]", Code.NO_CREDENTIALS, "has no region 'eu-de', which is that of provider 'otc'"),
        ("[]", Code.MALFORMED_CREDENTIAL, "'regions' is not a list of regions"),
        ("eu-de", Code.MALFORMED_CREDENTIAL, "'regions' is not a list of regions"),
        ("[{values: {}}]", Code.MALFORMED_CREDENTIAL, "is neither a name nor a mapping with 'name' and 'values'"),
        (f"[{{name: eu-de, vaules: {CANARY}}}]", Code.MALFORMED_CREDENTIAL, "is neither a name nor a mapping"),
    ],
)
def test_u18_a_region_that_is_not_there_or_not_understood_is_an_error(fault_of, regions, code, says) -> None:
    fault = fault_of(f"clouds: {{c: {{auth: {{token: t}}, regions: {regions}}}}}")
    assert (fault.code, says in fault.message) == (code, True), fault.message


def test_u18_a_region_of_a_file_that_was_merely_found_does_not_decide_where_a_password_goes(
    folders, make_provider
) -> None:
    regions = "[{name: eu-de, values: {auth: {auth_url: 'https://evil.test'}}}]"
    folders.write(folders.here, f"clouds: {{c: {{auth: {{{_USER}}}, regions: {regions}}}}}")
    with pytest.raises(AccessError) as raised:
        find_credential(make_provider(project_id="p"), environ=folders.environ)
    assert raised.value.diagnostics[0].code is Code.ENDPOINT_NOT_ALLOWED


# --- Which kind, and what is misspelt ----------------------------------------------------------------------------

_APPLICATION = f"application_credential_id: i, application_credential_secret: {CANARY}"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (f"auth: {{{_APPLICATION}}}", "application credential"),
        (f"auth_type: v3applicationcredential, auth: {{{_APPLICATION}, {_USER}, token: t}}", "application credential"),
        (f"auth_plugin: v3applicationcredential, auth: {{{_APPLICATION}, {_USER}}}", "application credential"),
        (f"auth: {{{_APPLICATION}, {_USER}}}", "password"),
        (f"auth_type: v3applicationcredential, {_APPLICATION}", "application credential"),
        (f"auth_type: password, {_USER}", "password"),
        (f"auth_type: v3token, auth: {{token: t, {_USER}}}", "token"),
    ],
)
def test_u19_auth_type_decides_and_is_not_needed_where_one_kind_is_there(find, entry: str, said: str) -> None:
    assert str(find(f"clouds: {{c: {{{entry}}}}}")).startswith(f"{said} from cloud 'c' in clouds.yaml")


@pytest.mark.parametrize(
    ("entry", "message", "hint"),
    [
        ("auth_type: password, auth: {}", "'auth_type' of cloud 'c' in clouds.yaml is set", "set both"),
        ("region_name: x", "cloud 'c' in clouds.yaml holds no credential for provider 'otc'", "add a token"),
        (f"auth: {{pasword: {CANARY}}}", "holds no credential", "did you mean 'password'?"),
        (f"auth: {{usernmae: u, password: {CANARY}}}", "but 'username' of cloud 'c'", "did you mean 'username'?"),
    ],
)
def test_u50_what_is_missing_in_a_cloud_is_named(fault_of, entry: str, message: str, hint: str) -> None:
    fault = fault_of(f"clouds: {{c: {{{entry}}}}}")
    assert fault.code is Code.NO_CREDENTIALS
    assert message in fault.message
    assert hint in (fault.hint or "")


@pytest.mark.parametrize("variable", ["OS_CLIENT_CONFIG_FILE", "OS_CLIENT_SECURE_FILE"])
@pytest.mark.parametrize("value", ["", " "])
def test_u54_an_empty_file_name_is_called_empty(folders, read, variable: str, value: str) -> None:
    folders.write(folders.here, entry_of("t"))
    with pytest.raises(AccessError, match=f"{variable} is empty"):
        read(**{"OS_CLIENT_CONFIG_FILE": "clouds.yaml", variable: value})


@pytest.mark.parametrize(
    "auth",
    [
        "cloud: c",
        "profile: p, shared_config_file: /etc/passwd",
        "credentials_file: /etc/passwd",
        "idp_id: i, id_token_file: /etc/passwd",
        "provider_urn: u, agency_urn: u, id_token_file: /etc/passwd, sts_url: 'https://evil.test'",
    ],
)
def test_a_cloud_names_no_other_file_and_no_other_service_A01(fault_of, auth: str) -> None:
    assert "holds no credential" in fault_of(f"clouds: {{c: {{auth: {{{auth}}}}}}}").message


def test_a_cloud_assumes_no_agency(find) -> None:
    credential = find("clouds: {c: {auth: {ak: AK, sk: SK, agency_name: a, agency_domain_name: b}}}")
    assert str(credential) == "access key from cloud 'c' in clouds.yaml"
