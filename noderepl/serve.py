"""`noderepl serve`: serves the embedded pool over HTTP until a signal ends it."""

from __future__ import annotations

import asyncio
import secrets
import sys
from pathlib import Path

from noderepl.errors import ExitCode, LocalFileError, PoolUnavailable, UsageError
from noderepl.garbage import collect_seldom
from noderepl.sessions.embedded_launcher import embedded_launcher
from noderepl.sessions.embedded_pool import embedded_pool
from noderepl.settings import Settings
from noderepl.signals import before_end, ignore
from noderepl.unread import drop_rest, write_within


def serve(settings: Settings) -> int:
    """Serves the embedded pool until SIGINT, SIGTERM or SIGHUP.

    Prints `listening on URL` to stdout, and the token if it was generated. Returns the exit code.
    Raises PoolUnavailable if Node.js, uvicorn or the port is not available; ConfigError if the
    certificate cannot be used, if other machines can reach the port and NODEREPL_TOKEN is not set,
    or if no client can send that token; LocalFileError if stdout cannot be written.
    """
    return asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    from noderepl.client.auth import sent_token
    from noderepl.service.app import create_app
    from noderepl.service.server import PATIENCE, CannotServe, is_loopback
    from noderepl.service.server import serve as serve_app

    collect_seldom()
    tls = _certificate(settings)
    try:
        is_private = is_loopback(settings.host)
    except CannotServe as error:
        raise PoolUnavailable(str(error)) from error
    if not is_private and not settings.token:
        with settings.blame("host"):
            raise UsageError(
                f"set NODEREPL_TOKEN to serve on {settings.host}, which other machines may reach"
            )
    token = sent_token(settings.token) if settings.token else secrets.token_urlsafe(24)
    launcher = embedded_launcher(settings)
    before_end(launcher.close)
    pool = embedded_pool(settings, launcher, cooldown=settings.cooldown, spares=1)
    app = create_app(
        pool, token=token, host=settings.host if is_private else None, patience=PATIENCE
    )

    def ready(url: str) -> None:
        made = "" if settings.token else f"token {token}\n"
        try:
            write_within(sys.stdout, f"listening on {url}\n{made}")
        except OSError as error:
            drop_rest(sys.stdout)
            message = f"standard output cannot be written: {error.strerror}"
            raise LocalFileError(message) from error

    try:
        pool.prewarm()
        if pool.notice and not settings.quiet:
            write_within(sys.stderr, f"noderepl: {pool.notice}\n")
        await serve_app(app, host=settings.host, port=settings.port, ready=ready, tls=tls)
    except CannotServe as error:
        raise PoolUnavailable(str(error)) from error
    finally:
        ignore()
        await pool.close()
    return ExitCode.OK


def _certificate(settings: Settings) -> tuple[Path, Path] | None:
    """Returns the certificate and key files for https, None if none are configured. Raises
    ConfigError.
    """
    from noderepl.service.server import BadCertificate, check_certificate

    if not settings.tls_cert and not settings.tls_key:
        return None
    given, missing = ("tls-cert", "tls-key") if settings.tls_cert else ("tls-key", "tls-cert")
    with settings.blame(given):
        if not settings.tls_cert or not settings.tls_key:
            raise UsageError(f"{given} also needs {missing}")
        files = Path(settings.tls_cert).expanduser(), Path(settings.tls_key).expanduser()
        try:
            check_certificate(*files)
        except BadCertificate as error:
            raise UsageError(str(error).rstrip(".")) from error
    return files
