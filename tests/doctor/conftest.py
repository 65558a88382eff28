"""The stand-ins of Azure."""

from azure_fixtures import account, served_pool  # noqa: F401
