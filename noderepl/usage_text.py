"""What `noderepl --help` says beside the options."""

from __future__ import annotations

DESCRIPTION = "An interactive prompt for JavaScript that runs in a remote Node.js session."
EPILOG = """\
Without -e, -p, -c or FILE, noderepl opens a prompt on a terminal, and otherwise runs its standard
input as one snippet, as for the FILE `-`. -e, -p and -c may be mixed and repeated, with FILE at the
end; they share one session, run in order and stop at the first that fails. Words after FILE, or
after `--` if there is an -e, -p or -c, are the arguments of the programs.
Exit codes: that of the program; otherwise 0; 1 the snippet threw or did not parse; 2 usage or
configuration; 3 the service failed or cannot be reached; 4 not authorised; 70 internal error; 124
the snippet timed out; 128 + N ended by signal N; 141 stdout was closed.
`noderepl setup` sets up a pool on Azure, `noderepl pools` lists pools, `noderepl pool delete NAME`
deletes one, `noderepl sessions` lists the sessions of a pool, `noderepl doctor` checks everything,
and `noderepl serve` serves the embedded pool on a port; each has a --help. A command's name wins
over a FILE of that name; `./pools` is the FILE."""
