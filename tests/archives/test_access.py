"""Who may see which secret; where credentials come from; what is said where one is missing or
refused.
"""

import base64
import datetime as dt
import json
import traceback

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from servers.files import LOGIN_PAGE, FileServer, redirect, status

from daymelt.archives.access import Secret, anonymous, earthdata, is_meant_for, planetary
from daymelt.archives.download import Policy, Remote, fetch_all
from daymelt.core.errors import ConfigError, FormatError, MissingCredentialError, RetrievalError

LOGIN = "urs.example.org"
HOSTS = ["data.example.org", "local.example.org:8443", ".cloud.example.org"]
TOKEN, PASSWORD, KEY = "token-nobody-may-see", "password-nobody-may-see", "key-nobody-may-see"
NETRC = f"machine {LOGIN} login me password {PASSWORD}\n"


def prepared(access, url):
    """The request as it would be sent."""
    with access.session() as session:
        return session.prepare_request(requests.Request("GET", url))


def header(access, url):
    return prepared(access, url).headers.get("Authorization")


def with_token(**changed):
    return earthdata(HOSTS, LOGIN, {"EARTHDATA_TOKEN": TOKEN} | changed)


def netrc_file(folder, text=NETRC):
    path = folder / "netrc"
    path.write_text(text)
    path.chmod(0o600)
    return path


def basic(name, password):
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


# --- who sees what
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://data.example.org/a.tif",
        "https://data.example.org:443/a.tif?x=1",
        "https://DATA.example.org/a.tif",
        "https://local.example.org:8443/a",
        "https://deep.within.cloud.example.org/a",
        f"https://{LOGIN}/oauth/authorize",
    ],
)
def test_the_token_goes_to_the_hosts_it_is_meant_for(url):
    assert header(with_token(), url) == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "url",
    [
        "http://data.example.org/a.tif",  # anybody on the way could read it
        "https://data.example.org:444/a.tif",
        "https://local.example.org/a",
        "https://cloud.example.org.evil.org/a",
        "https://evilcloud.example.org/a",
        "https://data.example.org.evil.org/a",
        "https://evil.org/data.example.org",
        "https://evil.org/?https://data.example.org/",
        "https://data.example.org@evil.org/a",
        "https://xdata.example.org/a",
        "https://storage.example.org/a",
    ],
)
def test_the_token_goes_to_no_other_host(url):
    request = prepared(with_token(), url)
    assert TOKEN not in str(request.headers) and TOKEN not in request.url


@given(
    st.from_regex(r"[a-z.]{0,12}", fullmatch=True), st.from_regex(r"[a-z.]{0,12}", fullmatch=True)
)
def test_a_host_with_anything_added_is_another_host(before, after):
    host = f"{before}data.example.org{after}"
    assert is_meant_for(f"https://{host}/", ["data.example.org"]) == (host == "data.example.org")


def test_name_and_password_go_to_the_login_alone():
    access = earthdata(HOSTS, LOGIN, {"EARTHDATA_USERNAME": "me", "EARTHDATA_PASSWORD": PASSWORD})
    assert header(access, f"https://{LOGIN}/oauth") == basic("me", PASSWORD)
    assert [header(access, f"https://{host.lstrip('.')}/a") for host in HOSTS] == [None] * 3


def test_a_password_keeps_its_spaces_and_letters():
    access = earthdata(HOSTS, LOGIN, {"EARTHDATA_USERNAME": "mé", "EARTHDATA_PASSWORD": " ü "})
    assert header(access, f"https://{LOGIN}/oauth") == basic("mé", " ü ")


def test_an_open_archive_gets_nothing_even_where_netrc_has_something(tmp_path, monkeypatch):
    monkeypatch.setenv(
        "NETRC", str(netrc_file(tmp_path, f"default login me password {PASSWORD}\n"))
    )
    for access in (anonymous(), with_token()):
        assert header(access, "https://other.example.org/a") is None


@pytest.mark.parametrize("allowed", [False, True])
def test_redirects_that_the_library_follows_are_authorised_by_their_own_host(allowed):
    with FileServer({"a": b"1"}) as first, FileServer({"b": b"2"}, host="127.0.0.2") as second:
        first.faults = [redirect(second.url("b"))]
        access = earthdata(
            [first.host, *([second.host] if allowed else [])], LOGIN, {"EARTHDATA_TOKEN": TOKEN}
        )
        with access.session() as session:
            assert session.get(first.url("a"), timeout=5).content == b"2"
        assert "authorization" in first.seen[0].headers
        assert ("authorization" in second.seen[0].headers) == allowed


# --- where credentials come from
# ------------------------------------------------------------------------------------------


def test_the_token_comes_before_the_name_and_the_name_before_netrc(tmp_path):
    variables = {"NETRC": str(netrc_file(tmp_path))}
    sources = [
        ({"EARTHDATA_USERNAME": "you", "EARTHDATA_PASSWORD": "x"}, basic("you", "x")),
        ({"EARTHDATA_TOKEN": TOKEN}, f"Bearer {TOKEN}"),
    ]
    assert header(earthdata(HOSTS, LOGIN, variables), f"https://{LOGIN}/") == basic("me", PASSWORD)
    for further, expected in sources:
        variables |= further
        assert header(earthdata(HOSTS, LOGIN, variables), f"https://{LOGIN}/") == expected


def test_the_variables_of_the_process_are_read_where_none_are_given(monkeypatch):
    monkeypatch.setenv("EARTHDATA_TOKEN", TOKEN)
    monkeypatch.setenv("PC_SDK_SUBSCRIPTION_KEY", KEY)
    assert earthdata(HOSTS, LOGIN).found == "EARTHDATA_TOKEN"
    assert planetary("https://sas.example.org/token").found == "PC_SDK_SUBSCRIPTION_KEY"


@pytest.mark.parametrize("text", [f"  {TOKEN}\n", f"Bearer {TOKEN}"])
def test_a_token_pasted_with_more_than_itself_is_trimmed(text):
    assert (
        header(with_token(EARTHDATA_TOKEN=text), "https://data.example.org/") == f"Bearer {TOKEN}"
    )


@pytest.mark.parametrize(
    "given",
    [{"EARTHDATA_TOKEN": " "}, {"EARTHDATA_USERNAME": "me"}, {"EARTHDATA_PASSWORD": "x"}, {}],
)
def test_half_a_credential_is_none(tmp_path, given):
    access = earthdata(HOSTS, LOGIN, given, tmp_path / "none")
    assert access.found is None and header(access, f"https://{LOGIN}/") is None


@pytest.mark.parametrize(
    "entry",
    [f"default login me password {PASSWORD}", f"machine x{LOGIN} login me password {PASSWORD}", ""],
)
def test_netrc_is_asked_for_the_login_host_alone(tmp_path, entry):
    assert earthdata(HOSTS, LOGIN, {}, netrc_file(tmp_path, entry)).found is None


@pytest.mark.parametrize(
    "text", [f"machine {LOGIN} login me {PASSWORD} x", f"{PASSWORD}", "\xff\xfe"]
)
def test_a_netrc_that_cannot_be_read_is_named_but_not_quoted(tmp_path, text):
    path = netrc_file(tmp_path)
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match="cannot be read as netrc") as raised:
        earthdata(HOSTS, LOGIN, {}, path)
    assert str(path) in str(raised.value)
    assert (
        "nobody-may-see" not in "".join(traceback.format_exception(raised.value))
        and raised.value.__context__ is None
    )


@pytest.mark.parametrize("variable", ["EARTHDATA_TOKEN", "PC_SDK_SUBSCRIPTION_KEY"])
@pytest.mark.parametrize("text", [f"{TOKEN}\r\nX-Evil: 1", f"{TOKEN} {TOKEN}", f"{TOKEN}é"])
def test_a_credential_that_no_header_can_carry_is_refused_and_not_quoted(variable, text):
    with pytest.raises(ConfigError, match=variable) as raised:
        earthdata(HOSTS, LOGIN, {variable: text})
        planetary("https://sas.example.org/token", environ={variable: text})
    assert TOKEN not in str(raised.value)


def test_nothing_shows_a_secret():
    for access in (with_token(), planetary("https://sas.example.org/token", KEY)):
        with access.session() as session:
            shown = [
                repr(access),
                str(access),
                repr(vars(access)),
                repr(session.auth),
                repr(vars(session)),
                str(access.refusal("https://a/b", 401)),
            ]
        assert "nobody-may-see" not in "".join(shown)
    assert (
        repr(Secret(TOKEN)) == str(Secret(TOKEN)) == "Secret(…)"
        and f"{Secret(TOKEN)}" == "Secret(…)"
    )


def test_a_name_and_a_password_log_in_along_the_redirects_of_the_archive(tmp_path):
    """Archive → login → archive with a code → file: the password is seen by the login alone."""
    content = b"II*\0" + bytes(100)
    with FileServer({"a.tif": content}) as archive, FileServer({}, host="127.0.0.2") as login:
        variables = {"EARTHDATA_USERNAME": "me", "EARTHDATA_PASSWORD": PASSWORD}
        archive.faults = [redirect(login.url("oauth/authorize?app=1"))]
        login.faults = [redirect(archive.url("a.tif?code=2"))]
        remote = Remote("a", archive.url("a.tif"), "a.tif", len(content), None, "tiff", "1")
        fetch_all([remote], tmp_path, earthdata([archive.host], login.host, variables), Policy())
        assert login.seen[0].headers["authorization"] == basic("me", PASSWORD)
        assert not any("authorization" in seen.headers for seen in archive.seen)


def test_without_an_account_the_login_page_says_which_variables_to_set(tmp_path):
    with (
        FileServer({"a.tif": b"II*\0"}) as archive,
        FileServer({"authorize": LOGIN_PAGE}, host="127.0.0.2") as login,
    ):
        archive.faults = [redirect(login.url("authorize"))]
        remote = Remote("a", archive.url("a.tif"), "a.tif", 4, None, "tiff", "1")
        with pytest.raises(
            MissingCredentialError,
            match="set EARTHDATA_TOKEN, or EARTHDATA_USERNAME and EARTHDATA_PASSWORD, or add",
        ):
            fetch_all(
                [remote],
                tmp_path,
                earthdata([archive.host], login.host, {}, tmp_path / "none"),
                Policy(),
            )


# --- signed addresses
# ------------------------------------------------------------------------------------------


def token(minutes, text="sig=signature-nobody-may-see"):
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)
    return json.dumps({"msft:expiry": ends.strftime("%Y-%m-%dT%H:%M:%SZ"), "token": text}).encode()


@pytest.fixture
def endpoint():
    """A token service for the containers `acct/box`."""
    with FileServer({"token/acct/box": token(45)}) as server:
        yield server


def signed(endpoint, storage, **changed):
    return planetary(
        endpoint.url("token"), **{"key": KEY, "environ": {}, "storage_hosts": (storage,)} | changed
    )


def test_an_address_is_signed_with_the_token_of_its_container(endpoint):
    access = signed(endpoint, ".blob.example.org")
    for name in ("a.tif", "deep/b.tif"):
        url = f"https://acct.blob.example.org/box/{name}"
        assert access.sign(url) == f"{url}?sig=signature-nobody-may-see"
    # asked once for both
    assert [seen.headers["ocp-apim-subscription-key"] for seen in endpoint.seen] == [KEY]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/box/a.tif",
        "https://acct.blob.example.org.evil.org/box/a",
        "https://acct.blob.example.org/",
    ],
)
def test_an_address_elsewhere_stays_as_it_is(endpoint, url):
    assert signed(endpoint, ".blob.example.org").sign(url) == url
    assert endpoint.seen == []


def test_the_key_goes_to_the_token_service_alone(endpoint):
    access = signed(endpoint, ".blob.example.org")
    assert "key-nobody-may-see" not in str(
        prepared(access, "https://acct.blob.example.org/box/a.tif").headers
    )
    with FileServer({"t": token(45)}, host="127.0.0.2") as other:
        endpoint.faults = [redirect(other.url("t"))]
        access.sign("https://acct.blob.example.org/box/a.tif")
        assert "ocp-apim-subscription-key" not in other.seen[0].headers


def test_a_token_is_renewed_before_it_ends(endpoint):
    access, url = signed(endpoint, ".blob.example.org"), "https://acct.blob.example.org/box/a.tif"
    endpoint.files["token/acct/box"] = token(4, "sig=old")
    access.sign(url)
    endpoint.files["token/acct/box"] = token(45, "sig=new")
    assert access.sign(url) == access.sign(url) == f"{url}?sig=new"
    assert len(endpoint.seen) == 2


@pytest.mark.parametrize("refused", [1, 2])
def test_a_signature_that_is_refused_is_asked_for_anew_once(endpoint, tmp_path, refused):
    """The token service hands out invalid tokens at times: of two new ones the second decides."""
    content = b"II*\0" + bytes(100)
    with FileServer({"acct/box/a.tif": content}) as store:
        store.faults = [status(403).lasting(refused)]
        remote = Remote("a", store.url("acct/box/a.tif"), "a.tif", len(content), None, "tiff", "1")
        if refused > 1:
            with pytest.raises(MissingCredentialError, match="PC_SDK_SUBSCRIPTION_KEY") as raised:
                fetch_all([remote], tmp_path, signed(endpoint, store.host), Policy(backoff_s=0.01))
            assert "sig=" not in str(raised.value) and "unset it" in str(raised.value)
            assert [seen.status for seen in store.seen] == [403, 403] and len(endpoint.seen) == 2
        else:
            fetch_all([remote], tmp_path, signed(endpoint, store.host), Policy(backoff_s=0.01))
            assert [seen.status for seen in store.seen] == [403, 200] and len(endpoint.seen) == 2
            assert (tmp_path / "a.tif").read_bytes() == content
        assert all(seen.query == "sig=signature-nobody-may-see" for seen in store.seen)


@pytest.mark.parametrize("code", [401, 403])
def test_a_token_service_that_refuses_names_the_key_only_where_one_is_set(endpoint, code):
    endpoint.faults = [status(code).lasting()]
    url = "https://acct.blob.example.org/box/a.tif"
    with pytest.raises(MissingCredentialError, match="without a key, which needs none") as raised:
        signed(endpoint, ".blob.example.org", key=None).sign(url)
    assert "PC_SDK_SUBSCRIPTION_KEY" not in str(raised.value)
    with pytest.raises(MissingCredentialError, match=r"PC_SDK_SUBSCRIPTION_KEY.*unset it"):
        signed(endpoint, ".blob.example.org").sign(url)
    assert len(endpoint.seen) == 2


def test_a_busy_token_service_is_asked_again(endpoint):
    endpoint.faults = [status(429, {"Retry-After": "0"})]
    assert "sig=" in signed(endpoint, ".blob.example.org").sign(
        "https://acct.blob.example.org/box/a.tif"
    )


def test_an_unknown_container_is_an_error(endpoint):
    with pytest.raises(RetrievalError, match="token/acct/other: not found"):
        signed(endpoint, ".blob.example.org").sign("https://acct.blob.example.org/other/a.tif")


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"<html>", b'{"token": "sig=1"}', b'{"token": "sig=1", "msft:expiry": "soon"}'],
)
def test_what_is_no_token_is_refused_and_not_quoted(endpoint, text):
    endpoint.files["token/acct/box"] = text
    with pytest.raises(FormatError, match="sent no token") as raised:
        signed(endpoint, ".blob.example.org").sign("https://acct.blob.example.org/box/a.tif")
    assert "sig=" not in str(raised.value)
