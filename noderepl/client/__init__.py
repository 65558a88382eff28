"""The service's API over HTTP: sessions, dialects, credentials. Knows no terminal; import the modules, not this."""
