"""Maps each refusal of the management plane to one error, by one table."""

from __future__ import annotations

import re

from noderepl import errors
from noderepl.client import http_errors
from noderepl.client.circumstances import Circumstances, printable
from noderepl.client.http_response import Response
from noderepl.client.retries import seconds_asked

REGISTER = "az provider register -n Microsoft.App"
_Kind = type[errors.ServiceError]
# A pattern for "STATUS CODE MESSAGE", the kind of error, and the sentence, the first that fits.
_TABLE: tuple[tuple[str, _Kind, str], ...] = (
    (
        r"^\d+ (NoRegisteredProviderFound|InvalidApiVersionParameter)\b",
        errors.UnsupportedVersion,
        "{host} does not support this api-version",
    ),
    (
        r"^409 MissingSubscriptionRegistration\b|not registered to use namespace",
        errors.BadRequest,
        f"the subscription is not registered for Microsoft.App: run `{REGISTER}`",
    ),
    (
        r"LocationNotAvailableForResourceType|InvalidResourceLocation|not available in location",
        errors.BadRequest,
        "session pools are not available in this region; choose another",
    ),
    (
        r"RequestDisallowedByPolicy",
        errors.Forbidden,
        "a policy of your organisation forbids this; ask who manages the subscription",
    ),
    (
        r"^\d+ RoleAssignmentExists\b",
        errors.BadRequest,
        "the role is assigned already",
    ),
    (
        r"^\d+ PrincipalNotFound\b",
        errors.BadRequest,
        "the tenant does not know the account; a new account takes some minutes, and for an account"
        " of another tenant give --tenant",
    ),
    (
        r"^\d+ RoleAssignmentUpdateNotPermitted\b",
        errors.BadRequest,
        "another role assignment has the same name; remove it with `az role assignment delete`",
    ),
    (
        r"^403 .*roleAssignments/write",
        errors.Forbidden,
        "your account must not assign roles here; ask an Owner or a User Access Administrator",
    ),
    (
        r"^403 ",
        errors.Forbidden,
        "your account has no right to do this (403); ask an Owner of the subscription",
    ),
    (
        r"^401 ",
        errors.Unauthorised,
        "{host} does not accept the sign-in (401): it has expired or is for another tenant; sign in"
        " again with `az login`, or give --tenant",
    ),
    (r"^404 ResourceGroupNotFound\b", errors.NotFound, "there is no such resource group (404)"),
    (r"^404 ", errors.NotFound, "there is no such resource (404)"),
    (r"^429 ", errors.TooManyRequests, "{host} receives too many requests (429); try again later"),
    (
        r"^3\d\d ",
        errors.MalformedAnswer,
        "{host} redirects, which is not followed because a token must not go elsewhere; check"
        " {option}, and whether a proxy or a sign-in page is in between",
    ),
    (r"^5\d\d ", errors.ServiceFailed, "{host} failed ({status}); try again later"),
    (r"", errors.BadRequest, "{host} refuses the request ({status})"),
)
_TRANSIENT = {429, 502, 503, 504}


def from_answer(response: Response, about: Circumstances) -> errors.ServiceError:
    """Returns the error for an answer other than 2xx. response: its body has been read."""
    code, words = http_errors.error_body(response)
    error = refusal(response.status_code, code, words, about)
    error.transient = response.status_code in _TRANSIENT
    asked = response.headers.get("retry-after", ""), response.headers.get("date", "")
    error.retry_after = seconds_asked(*asked)
    return error


def refusal(status: int, code: str, words: str, about: Circumstances) -> errors.ServiceError:
    """Returns the error for a refusal. status: of HTTP. code, words: the service's text."""
    code, words = printable(code, about.secrets, 80), printable(words, about.secrets)
    text = f"{status} {code} {words}"
    kind, sentence = next(
        (kind, sentence) for pattern, kind, sentence in _TABLE if re.search(pattern, text, re.I)
    )
    said = "; it says: " + ": ".join(filter(None, (code, words))) if code or words else ""
    shown = sentence.format(host=about.host, option=about.option, status=status)
    return kind(shown + said, status=status, code=code or None)
