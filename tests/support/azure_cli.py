"""A small `az` for the real AzureCliCredential: it answers `account get-access-token` as its mode says."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

TENANT = "11111111-1111-1111-1111-111111111111"
OTHER_TENANT = "22222222-2222-2222-2222-222222222222"
PRINCIPAL = "99999999-9999-9999-9999-999999999999"
_SCRIPT = """#!{python}
import base64, json, sys, time
from pathlib import Path

def value(name, otherwise=""):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else otherwise

mode = Path({mode!r}).read_text()
with open({log!r}, "a") as log:
    log.write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1:3] != ["account", "get-access-token"]:
    sys.exit("this az knows only account get-access-token")
if mode == "slow":
    time.sleep(60)
if mode == "signed out":
    sys.exit("ERROR: Please run 'az login' to setup account.")
if mode == "expired":
    sys.exit("ERROR: AADSTS700082: The refresh token has expired due to inactivity. Trace ID: 1\\nTo re-authenticate, please run:\\naz login")
if mode == "broken":
    print("WARNING: nothing")
    sys.exit(0)
claims = {{"aud": value("--resource"), "tid": value("--tenant", {tenant!r}), "oid": {principal!r}, "idtyp": "user", "upn": "ada@example.com"}}
payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
print(json.dumps({{"accessToken": f"e30.{{payload}}.c2ln", "expires_on": int(time.time()) + 3600, "tenant": claims["tid"], "tokenType": "Bearer"}}))
"""


class AzureCli:
    """A directory for PATH with an `az`. mode: ok, slow, signed out, expired or broken."""

    def __init__(self, directory: Path, *, principal: str = PRINCIPAL) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._mode, self._log = directory / "mode", directory / "log"
        self.set("ok")
        script = directory / "az"
        script.write_text(
            _SCRIPT.format(
                python=sys.executable,
                mode=str(self._mode),
                log=str(self._log),
                tenant=TENANT,
                principal=principal,
            )
        )
        script.chmod(0o755)

    def set(self, mode: str) -> None:
        """Decides how the next call ends."""
        self._mode.write_text(mode)

    @property
    def calls(self) -> list[str]:
        """The command lines so far."""
        return self._log.read_text().splitlines() if self._log.exists() else []


def claims_of(authorization: str) -> dict[str, object]:
    """The claims of a token of this `az`; none for another text."""
    parts = authorization.removeprefix("Bearer ").split(".")
    if len(parts) != 3:
        return {}
    found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    return dict(found)
