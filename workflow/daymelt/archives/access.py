"""How requests are authorised: which host may see which secret, and what to do where one is missing
or refused.

A secret goes to the hosts it is meant for and to no other, also along redirects, and only over TLS
or the loopback interface. Nothing here shows one in a representation, a log or an exception.
"""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests
from requests.auth import AuthBase

from daymelt import __version__
from daymelt.archives.credentials import Secret, environment, netrc_hosts, netrc_path
from daymelt.archives.patient import PatientAdapter
from daymelt.archives.retry import Policy
from daymelt.archives.said import NOTHING, Said
from daymelt.archives.signing import Signer
from daymelt.archives.web import (
    LONGEST_TEXT,
    PORTS,
    REFUSED,
    bare,
    check_status,
    follow,
    hide_queries,
    host_of,
    is_private,
    said_of,
    told,
)
from daymelt.core.errors import ConfigError, MissingCredentialError, one_line


@dataclass(frozen=True)
class Login:
    """A header that authorises, and the hosts that may see it: `host`, `host:port`, or `.domain`
    for all hosts below it.
    """

    hosts: tuple[str, ...]
    header: Secret
    name: str = "Authorization"


@dataclass(frozen=True)
class Remedies:
    """What a user can do where a provider refuses: no credential was found, it is wrong, or it does
    not suffice.
    """

    missing: str
    refused: str
    forbidden: str


MOST_SIGNATURES = 3  # of one request


@dataclass(frozen=True)
class Hosts:
    """The hosts that hold a provider's files, the setting that lists them, and the host whose links
    resolve a refusal.
    """

    names: tuple[str, ...]
    setting: str
    resolver: str


class Access:
    """How requests to a provider are authorised.

    `found` names where the credential comes from, such as EARTHDATA_TOKEN; None where there is
    none. With `hosts` files come from these alone.
    """

    def __init__(
        self,
        provider: str,
        remedies: Remedies,
        found: str | None = None,
        logins: Sequence[Login] = (),
        signer: Signer | None = None,
        hosts: Hosts | None = None,
    ) -> None:
        self.provider, self.found, self._hosts = provider, found, hosts
        self._remedies, self._logins, self._signer = remedies, tuple(logins), signer

    def __repr__(self) -> str:
        return f"Access({self.provider}, {self.found or 'no credential'})"

    def session(self, policy: Policy | None = None) -> requests.Session:
        """A session for one thread; it authorises each request by the host of that request,
        redirected ones too.

        With a `policy` it is for texts: a request is repeated until its answer has come whole.
        """
        session = _Session(self._logins)
        if policy is not None:
            for scheme in ("https://", "http://"):
                session.mount(scheme, PatientAdapter(policy, LONGEST_TEXT))
        return session

    def sign(self, url: str) -> str:
        """The address to ask now: signed where the provider wants that. Call it late; a signature
        lasts less than an hour.
        """
        return self._signer.sign(url) if self._signer else url

    def ask(
        self, session: requests.Session, url: str, headers: Mapping[str, str], timeout_s: float
    ) -> requests.Response:
        """The answer of the provider, its body unread: signed as late as can be, and once more
        where a signature is refused that another may replace.

        Raises
        ------
        MissingCredentialError
            The provider refuses.
        TransientError, RetrievalError
            As `follow` and `check_status`.
        """
        for attempt in range(MOST_SIGNATURES):
            signed = self.sign(url)
            response = follow(session, signed, headers, timeout_s)
            try:
                check_status(response, url)
                if response.status_code not in REFUSED:
                    return response
                last = attempt + 1 == MOST_SIGNATURES
                if last or self._signer is None or not self._signer.forget(signed):
                    raise self.refusal(url, response.status_code, said_of(response))
            except Exception:
                response.close()
                raise
            response.close()
        raise AssertionError("the last attempt answers or raises")

    def is_known(self, url: str) -> bool:
        """True where files may come from the host of an address."""
        return self._hosts is None or is_meant_for(url, self._hosts.names)

    def check_hosts(self, files: Iterable[Sequence[str]]) -> None:
        """ConfigError where files, given as their addresses, lie on no known host; nothing is
        asked.
        """
        unknown = [urls[0] for urls in files if not any(map(self.is_known, urls))]
        if self._hosts is None or not unknown:
            return
        names = sorted({host_of(url).removesuffix(":443") for url in unknown})
        raise ConfigError(
            f"{self._hosts.setting}: lacks {one_line(', '.join(names))}, where {len(unknown)} "
            f"files lie, such as {bare(unknown[0])}; expected every host of the files, as the "
            "account is shown to no other; add it if it is one of the provider's"
        )

    def refusal(self, url: str, status: int, said: Said = NOTHING) -> MissingCredentialError:
        """The error for 401, 403 or, with status 200, a page where a file was expected: it names
        what is missing, and the link that the answer gives to resolve it.
        """
        what = (
            f"a page came instead of the file (status {status})"
            if status < 400
            else f"the provider answered {told(status, said)}"
        )
        if self.found and self._resolves(said.link):
            remedy = f"accept its licence or application at {said.link} and run again"
            return MissingCredentialError(f"{bare(url)}: {what}; {self.provider}: {remedy}")
        return self._unresolved(url, status, what)

    def _resolves(self, link: str) -> bool:
        """True for a link that a person may be sent to."""
        resolvers = (self._hosts.resolver,) if self._hosts else ()
        return bool(link) and is_private(link) and is_meant_for(link, resolvers)

    def _unresolved(self, url: str, status: int, what: str) -> MissingCredentialError:
        said = self._remedies
        remedy = (
            said.missing
            if self.found is None
            else said.forbidden
            if status == 403
            else said.refused
        )
        if self.found and status < 400:
            remedy = f"{said.refused}; {said.forbidden}"
        return MissingCredentialError(f"{bare(url)}: {what}; {self.provider}: {remedy}")


def anonymous(provider: str = "open archive") -> Access:
    """No credential at all, not even one that netrc has for the host."""
    remedy = (
        "needs no account, so the address may be wrong or the archive closed; check the "
        "provider's settings"
    )
    return Access(provider, Remedies(remedy, remedy, remedy))


def earthdata(
    hosts: Sequence[str],
    login_host: str,
    environ: Mapping[str, str] | None = None,
    netrc: Path | None = None,
) -> Access:
    """Earthdata Login: EARTHDATA_TOKEN, else EARTHDATA_USERNAME and EARTHDATA_PASSWORD, else
    `login_host` in netrc.

    The token goes to `hosts` and `login_host`, name and password to `login_host` alone, and files
    come from `hosts` alone. Without a credential, the first request that needs one fails.

    Parameters
    ----------
    environ : variables; None takes those of the process.
    netrc : file; None takes NETRC of `environ` or ~/.netrc.

    Raises
    ------
    ConfigError
        A credential that no header can carry, or a netrc that cannot be read.
    """
    variables = environment(environ)
    remedies = Remedies(
        "no account found; set EARTHDATA_TOKEN, or EARTHDATA_USERNAME and EARTHDATA_PASSWORD, "
        f"or add {login_host} to netrc",
        "refused what %s holds, which may be wrong or expired (tokens last about 60 days); "
        f"renew it at https://{login_host}",
        "the account lacks a licence or an application; accept them in its profile at "
        f"https://{login_host}/profile",
    )
    token = variables.get("EARTHDATA_TOKEN", "").strip().removeprefix("Bearer ")
    known = Hosts((*hosts, login_host), "archives.earthdata_hosts", login_host)
    if token:
        header = Secret(f"Bearer {_printable(token, 'EARTHDATA_TOKEN')}")
        return _earthdata(remedies, known, "EARTHDATA_TOKEN", Login(known.names, header))
    name, password = (
        variables.get("EARTHDATA_USERNAME", "").strip(),
        variables.get("EARTHDATA_PASSWORD", ""),
    )
    if name and password:
        return _earthdata(
            remedies,
            known,
            "EARTHDATA_USERNAME and EARTHDATA_PASSWORD",
            Login((login_host,), _basic(name, password)),
        )
    path = netrc or netrc_path(variables)
    entry = _netrc_entry(path, login_host) if path else None
    if entry:
        login = Login((login_host,), _basic(*entry))
        return _earthdata(remedies, known, f"netrc for {login_host}", login)
    return _earthdata(remedies, known, None)


def planetary(
    token_endpoint: str,
    key: str | None = None,
    environ: Mapping[str, str] | None = None,
    storage_hosts: Sequence[str] = (".blob.core.windows.net",),
    policy: Policy = Policy(),  # noqa: B008 - frozen
) -> Access:
    """The Planetary Computer: addresses on its storage are signed with short-lived tokens from
    `token_endpoint`.

    Parameters
    ----------
    key : subscription key; None takes PC_SDK_SUBSCRIPTION_KEY of `environ`, or asks without one,
        which is answered too.
    storage_hosts : whose addresses are signed; `.domain` for accounts that are host names,
        `host:port` for those in the path.
    policy : time limits and attempts of the requests for tokens
    """
    variables = environment(environ)
    key = _printable(
        (key or variables.get("PC_SDK_SUBSCRIPTION_KEY", "")).strip(), "PC_SDK_SUBSCRIPTION_KEY"
    )
    remedies = Remedies(
        "refused a request without a key, which needs none; its tokens may be faulty for a while: "
        "run again later, or check archives.sas and archives.sas_hosts",
        "refused the key in PC_SDK_SUBSCRIPTION_KEY; unset it, as none is needed",
        "refused the key in PC_SDK_SUBSCRIPTION_KEY or a token got with it; unset it, as none is "
        "needed, or run again later",
    )
    logins = (
        [Login((host_of(token_endpoint),), Secret(key), "Ocp-Apim-Subscription-Key")] if key else []
    )
    tokens = Access(
        "Planetary Computer", remedies, "PC_SDK_SUBSCRIPTION_KEY" if key else None, logins
    )
    signer = Signer(token_endpoint, tuple(storage_hosts), tokens.session, tokens.refusal, policy)
    return Access(tokens.provider, remedies, tokens.found, signer=signer)


def hub_token(endpoint: str, environ: Mapping[str, str] | None = None) -> Secret | None:
    """The token of the Hugging Face hub in HF_TOKEN; None where there is none.

    Raises
    ------
    ConfigError
        It is no token, or `endpoint` is asked without TLS.
    """
    token = _printable(environment(environ).get("HF_TOKEN", "").strip(), "HF_TOKEN")
    if token and not is_private(endpoint):
        raise ConfigError(
            f"meltwaterbench.endpoint: found {bare(endpoint)}; expected https, HF_TOKEN goes "
            "nowhere else; or unset HF_TOKEN"
        )
    return Secret(token) if token else None


def is_meant_for(url: str, hosts: Sequence[str]) -> bool:
    """True where `url` lies on one of `hosts`: `host` at its usual port, `host:port`, or `.domain`
    for all below it.
    """
    host = host_of(url)
    usual = PORTS.get(url.partition(":")[0], 0)
    wanted = [name.lower() if ":" in name else f"{name.lower()}:{usual}" for name in hosts]
    return any(host.endswith(name) if name.startswith(".") else host == name for name in wanted)


class _HostAuth(AuthBase):
    """Adds a header where the request's host may see it, and takes it away everywhere else."""

    def __init__(self, logins: Sequence[Login]) -> None:
        self._logins = logins

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url = request.url or ""
        for name in {"Authorization", *(login.name for login in self._logins)}:
            request.headers.pop(name, None)
        for login in self._logins:
            if is_private(url) and is_meant_for(url, login.hosts):
                request.headers[login.name] = login.header.reveal()
        return request

    def __repr__(self) -> str:
        return "_HostAuth(…)"


class _Session(requests.Session):
    """A session that never asks netrc on its own and decides anew with each redirect who may see
    what.
    """

    def __init__(self, logins: Sequence[Login]) -> None:
        super().__init__()
        hide_queries()
        self.auth = _HostAuth(logins)
        self.headers["User-Agent"] = f"daymelt/{__version__}"

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Authorise a redirected request by its own host where the library follows redirects."""
        _HostAuth.__call__(self.auth, prepared_request)  # type: ignore[arg-type]


def _earthdata(remedies: Remedies, hosts: Hosts, found: str | None, *logins: Login) -> Access:
    named = Remedies(remedies.missing, remedies.refused % found, remedies.forbidden)
    return Access("NASA Earthdata", named, found, logins, hosts=hosts)


def _basic(name: str, password: str) -> Secret:
    return Secret("Basic " + base64.b64encode(f"{name}:{password}".encode()).decode())


def _printable(text: str, variable: str) -> str:
    if not re.fullmatch(r"[!-~]*", text):
        raise ConfigError(
            f"{variable}: has spaces or characters that no such credential has; set it again"
        )
    return text


def _netrc_entry(path: Path, host: str) -> tuple[str, str] | None:
    """Name and password of `host`; never those of the default entry, which is meant for no host in
    particular.
    """
    entries = netrc_hosts(path)
    if entries is None:
        raise ConfigError(
            f"{path}: cannot be read as netrc; expected lines `machine {host} login NAME "
            "password PASSWORD`, mode 600"
        )
    found = entries.get(host) or entries.get(host.partition(":")[0])
    return (found[0], found[2]) if found and found[0] and found[2] else None
