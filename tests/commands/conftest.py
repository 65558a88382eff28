"""The stand-ins of Azure."""

from azure_fixtures import account, cloud, served_pool, server  # noqa: F401
