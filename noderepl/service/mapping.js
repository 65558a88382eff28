// Without a sandbox, calls the session's own directory /mnt/data.
