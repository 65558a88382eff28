"""A home of somebody with an Azure account: the stand-ins, the `az`, and the environment of a noderepl that uses them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure_arm import Cloud, cloud_on_port
from azure_cli import AzureCli


@dataclass(frozen=True)
class AzureHome:
    """The parts. environ: the variables of a noderepl."""

    cloud: Cloud
    az: AzureCli

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PATH": f"{self.az.directory}{os.pathsep}{os.environ['PATH']}",
            "NODEREPL_ARM_ENDPOINT": self.cloud.url,
            # The pools are on the loopback interface, where no token is sent otherwise.
            "NODEREPL_AUTH": "azure",
            # No probe of the machine's managed identity.
            "AZURE_TOKEN_CREDENTIALS": "dev",
        }


@contextmanager
def azure_home(directory: Path, **fields: Any) -> Iterator[AzureHome]:
    """Makes one. fields: of the Cloud."""
    with cloud_on_port(**fields) as cloud:
        yield AzureHome(cloud, AzureCli(directory / "azure-cli"))
