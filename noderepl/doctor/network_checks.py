"""The checks of the way to the pool: endpoint, proxy, certificates, connection, clock, token."""

from __future__ import annotations

import socket
import ssl
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from noderepl.azure.named_pool import known_endpoint
from noderepl.azure.resources import read_claims
from noderepl.client import transport_errors
from noderepl.client.auth import AzureAuth, sent_token
from noderepl.client.circumstances import printable
from noderepl.client.endpoint import address, base_url, check_token_may_go, is_loopback
from noderepl.client.http_client import open_client
from noderepl.client.http_errors import AUDIENCE
from noderepl.doctor.examination import Examination
from noderepl.doctor.finding import Found
from noderepl.errors import ConfigError
from noderepl.threaded import in_thread

CONNECT_SECONDS = 8.0
# The seconds of difference between the clocks that a token survives, and that are worth a warning.
MOST_SKEW, NOTABLE_SKEW = 300, 60
_TRUST = (
    "set SSL_CERT_FILE (and REQUESTS_CA_BUNDLE for `az`) to a file with the certificate of your"
    " proxy or of the service"
)
_CLOCK = "check this machine's clock; if it is right, the service has to renew its certificate"
_PASSWORD = "put user and password into the variable, as http://USER:PASSWORD@HOST:PORT"


async def endpoint(examination: Examination) -> Found:
    """Finds whether the endpoint is valid and may receive a token."""
    settings = examination.settings
    option = "pool" if settings.pool is not None else "endpoint"
    source = examination.source(option)
    with settings.blame(option):
        if settings.pool is not None:
            known = known_endpoint(settings, examination.state)
        else:
            known = base_url(settings.endpoint or "")
        if known is None:
            return Found("ok", f"that of the pool {settings.pool}, looked up below", source=source)
        if examination.auth != "none":
            check_token_may_go(known)
    return Found("ok", known, source=source)


async def proxy(examination: Examination) -> Found:
    """Finds which variable sends requests through a proxy."""
    url = _target(examination)
    named = examination.proxy = await _proxy(examination, url)
    if named is None:
        return Found("ok", f"none for {address(url)}{_why_none(examination, url)}")
    variable, place = named
    return Found("ok", f"{place} for {address(url)}", source=variable)


async def certificates(examination: Examination) -> Found:
    """Finds which certificates are trusted."""
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    name = next((one for one in names if examination.environ.get(one)), "")
    if not name:
        return Found("ok", "the authorities of the package certifi are trusted", source="default")
    path = Path(examination.environ[name])
    is_file = name == "SSL_CERT_FILE"
    if not await in_thread(_has_certificates if is_file else Path.is_dir, path):
        kind = "file of PEM certificates" if is_file else "directory of certificates"
        detail = f"{path} is not a readable {kind}"
        return Found("failed", detail, f"correct or unset {name}", name)
    return Found("ok", f"those in {path} are trusted", source=name)


async def connection(examination: Examination) -> Found:
    """Finds whether the service can be reached, without a token."""
    url = _target(examination)
    parts = urlsplit(url)
    begun = time.monotonic()
    try:
        async with (
            open_client(url, auth=None, transport=None) as client,
            client.stream(
                "GET",
                f"{parts.scheme}://{parts.netloc}/",
                timeout=httpx.Timeout(CONNECT_SECONDS),
            ) as response,
        ):
            took = time.monotonic() - begun
            examination.skew = _skew(response.headers.get("date", ""))
            status = response.status_code
    except transport_errors.FOREIGN as error:
        return _unreachable(examination, url, error)
    if status == httpx.codes.PROXY_AUTHENTICATION_REQUIRED:
        return Found("failed", f"the proxy before {address(url)} asks for a password (407)",
                     _PASSWORD)  # fmt: skip
    how = "TLS" if parts.scheme == "https" else "plain HTTP"
    return Found("ok", f"{address(url)} answers over {how} in {took * 1000:.0f} ms")


async def clock(examination: Examination) -> Found:
    """Compares this machine's clock with the service's."""
    skew = examination.skew
    if skew is None:
        return Found("ok", "the service does not tell the time")
    if abs(skew) <= NOTABLE_SKEW:
        return Found("ok", "within a minute of the service's")
    detail = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the service's"
    advice = "set this machine's clock by the network (NTP): tokens are refused otherwise"
    return Found("failed" if abs(skew) > MOST_SKEW else "warning", detail, advice)


async def token(examination: Examination) -> Found:
    """Finds whether there is a token for the pool, and for whom it is."""
    settings = examination.settings
    if examination.auth == "token":
        if not settings.token:
            source = examination.source("auth")
            return Found(
                "failed", "NODEREPL_TOKEN is not set", "set it, or choose --auth azure", source
            )
        value, source = sent_token(settings.token or ""), "NODEREPL_TOKEN"
    else:
        auth = AzureAuth(settings.scope, None, tenant=settings.tenant)
        value, source = await auth.token(), f"scope: {examination.source('scope')}"
    claims = read_claims(value)
    wanted = settings.scope.removesuffix("/.default").rstrip("/")
    audience = claims.audience.rstrip("/")
    if claims.expires is not None and claims.expires < time.time():
        advice = "set NODEREPL_TOKEN to a fresh token"
        ended = datetime.fromtimestamp(claims.expires, UTC)
        return Found("failed", f"it has expired at {ended:%Y-%m-%d %H:%M} UTC", advice, source)
    if "://" in audience and audience.lower() != wanted.lower():
        advice = f"get a token for {wanted}, the audience of --scope"
        shown = printable(audience, (value,), 100)
        return Found("failed", f"it is for {shown}, not for {wanted}", advice, source)
    if _is_azure(examination) and wanted.lower() != AUDIENCE:
        advice = f"unset scope: pools on Azure accept tokens for {AUDIENCE} only"
        return Found("failed", f"it is for {printable(wanted, (), 100)}", advice, source)
    known = f"it is for {wanted}" if audience else "it does not tell for whom it is"
    return Found("ok", known, source=source)


def _has_certificates(path: Path) -> bool:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ValueError):
        return False
    return True


def _is_azure(examination: Examination) -> bool:
    host = urlsplit(examination.endpoint or "").hostname or ""
    return examination.identity is not None or host.endswith(".dynamicsessions.io")


def _target(examination: Examination) -> str:
    """Returns the URL of the service: the pool's, or Azure's if that is not known yet."""
    return base_url(examination.endpoint or examination.settings.arm_endpoint)


async def _proxy(examination: Examination, url: str) -> tuple[str, str] | None:
    """Returns the variable and HOST:PORT of the proxy for a URL, None if there is none."""
    async with open_client(url, auth=None, transport=None) as client:
        # httpx alone knows what NO_PROXY excludes.
        if client._transport_for_url(httpx.URL(url)) is client._transport:
            return None
    for name in (f"{urlsplit(url).scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            if value := examination.environ.get(variable):
                return variable, _place(variable, value)
    return "the system's settings", "a proxy"


def _place(variable: str, value: str) -> str:
    """Returns HOST:PORT of a proxy, without its password. Raises ConfigError."""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        has_port = parts.port != 0
    except ValueError:
        has_port = False
    if not has_port or not parts.hostname:
        raise ConfigError(f"{variable} is not the URL of a proxy, such as http://HOST:PORT")
    return printable(parts.netloc.rpartition("@")[2], (), 80)


def _why_none(examination: Examination, url: str) -> str:
    names = ("https_proxy", "http_proxy", "all_proxy")
    given = [name for one in names for name in (one, one.upper()) if examination.environ.get(name)]
    if not given:
        return ""
    if is_loopback(url):
        return f": {given[0]} does not apply to this machine itself"
    excluded = next((one for one in ("no_proxy", "NO_PROXY") if examination.environ.get(one)), "")
    return f": {excluded} excludes it" if excluded else f": {given[0]} is for other URLs"


def _skew(date: str) -> float | None:
    try:
        there = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    return time.time() - (there if there.tzinfo else there.replace(tzinfo=UTC)).timestamp()


def _unreachable(examination: Examination, url: str, error: Exception) -> Found:
    host, named = address(url), examination.proxy
    option = "--endpoint" if examination.endpoint else "--arm-endpoint"
    causes = [*_causes(error)]
    if refused := next((one for one in causes if isinstance(one, ssl.SSLError)), None):
        why = printable(str(refused), (), 160)
        is_late = "not yet valid" in why or "expired" in why
        advice = _CLOCK if is_late else _TRUST
        return Found("failed", f"TLS to {host} fails: {why}", advice, named[0] if named else "")
    if named:
        variable, place = named
        why = "it times out" if isinstance(error, httpx.TimeoutException) else "it fails"
        if isinstance(error, httpx.ProxyError):
            why = f"it refuses: {printable(str(error), (), 100)}"
        advice = f"correct or unset {variable}, or add {urlsplit(url).hostname} to NO_PROXY"
        if "407" in why:
            advice = _PASSWORD
        return Found(
            "failed", f"{host} is not reached through the proxy {place}: {why}", advice, variable
        )
    if any(isinstance(one, socket.gaierror) for one in causes):
        advice = f"check {option} and the network; behind a proxy, set HTTPS_PROXY"
        return Found("failed", f"the name {urlsplit(url).hostname} is not known (DNS)", advice)
    is_late = isinstance(error, (httpx.TimeoutException, TimeoutError))
    why = (
        f"does not answer within {CONNECT_SECONDS:.0f} s"
        if is_late
        else "does not accept a connection"
    )
    advice = f"check {option}, whether the service runs, and whether this network needs HTTPS_PROXY"
    return Found("failed", f"{host} {why}", advice)


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and len(found) < 20:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
