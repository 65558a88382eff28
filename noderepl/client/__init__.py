"""The client of the service's API over HTTP: sessions, dialects, credentials. Import its modules,
not this package.
"""
