"""The client of the service's API over HTTP: sessions, dialects, credentials. Import its modules,
not this package.
"""

import sys

# httpx imports its own command line if click and rich are installed, which takes as long as all of
# the rest; None makes that import fail, as it does without click.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
