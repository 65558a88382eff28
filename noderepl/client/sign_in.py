"""Why azure-identity has given no token: one sentence for each of its messages.

DefaultAzureCredential joins the messages of all credentials that it tried, so the whole text is
searched, the most specific message first.
"""

from __future__ import annotations

import re

from noderepl.client.circumstances import printable

_SIGN_IN = (
    "sign in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or"
    " run where a managed identity is"
)
_NETWORK = re.compile(
    r"ConnectionPool|resolve|resolution|getaddrinfo|Name or service|Max retries|Failed to establish"
)
_ENTRA = re.compile(r"AADSTS\d+:[^\r\n]*?(?=\.\s|\.?$|[\r\n]| Trace ID)")
# The texts of azure-identity 1.27, in the order in which they count.
_TEXTS = (
    (
        r"Invalid value for AZURE_TOKEN_CREDENTIALS",
        "the variable AZURE_TOKEN_CREDENTIALS has an invalid value; set it to dev, prod or the name"
        " of a credential, or unset it",
    ),
    (
        r"not configured to acquire tokens for tenant",
        "the sign-in is not for this tenant; sign in with `az login{tenant}`",
    ),
    (
        r"Timed out waiting for user to authenticate",
        "the device code has expired before the sign-in; run the command again",
    ),
    (
        r"Cache encryption is impossible",
        "this machine has no keyring, so a sign-in by device code lasts for one run only; sign in"
        " with `az login`",
    ),
    (
        r"Interactive authentication is required",
        "the sign-in by device code has expired; sign in again with `noderepl setup --login"
        " device`",
    ),
    (
        r"Failed to invoke the Azure CLI",
        "`az` did not answer within 10 s; run `az account get-access-token` to see why, then try"
        " again",
    ),
    (
        r"Unexpected output from Azure CLI|Failed to execute '|Failed to invoke Azure CLI",
        "`az` does not work: `az account get-access-token` must print JSON; run it to see why, or"
        " install the Azure CLI again",
    ),
    (
        r"run 'azd auth login'",
        "not signed in; sign in with `azd auth login`, or `az login{tenant}`",
    ),
    (
        r'run "Connect-AzAccount"',
        "not signed in; sign in with `Connect-AzAccount` in PowerShell, or `az login{tenant}`",
    ),
    (r"run 'az login' to set up an account", f"not signed in; {_SIGN_IN}"),
    (
        r"Azure CLI not found on path",
        "not signed in, and there is no Azure CLI (`az`): install it and run `az login{tenant}`, or"
        " sign in with `noderepl setup --login device`",
    ),
)


def reason(exc: Exception, *, scope: str = "", tenant: str | None = None) -> str:
    """Returns why there is no token and what to do, as part of a sentence.

    exc: of azure-identity. scope, tenant: what the token was requested for.
    """
    text = str(exc)
    option = f" --tenant {tenant}" if tenant else ""
    if "AADSTS70011" in text or "AADSTS500011" in text:
        return (
            "Entra does not know this scope; --scope is an audience that ends in /.default, such as"
            " https://dynamicsessions.io/.default"
        )
    if said := _ENTRA.search(text):
        again = (
            f"`az login{option or ' --tenant TENANT'} --scope {scope}`" if scope else "`az login`"
        )
        return f"Entra refused ({printable(said[0], length=200)}); sign in again with {again}"
    for pattern, sentence in _TEXTS:
        if re.search(pattern, text):
            return sentence.format(tenant=option)
    if _NETWORK.search(text):
        return f"Entra cannot be reached; check the network and HTTPS_PROXY, or {_SIGN_IN}"
    if "Credential" in type(exc).__name__ or "Authentication" in type(exc).__name__:
        return f"not signed in; {_SIGN_IN}"
    return (
        f"azure-identity failed ({type(exc).__name__}: {printable(text, length=120)}); {_SIGN_IN}"
    )
