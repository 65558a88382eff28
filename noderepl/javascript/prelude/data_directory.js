// The directory of the session's files. A kernel without a container of its own sets it, as the machine's /mnt/data may
// not be the session's.
(function dataDirectory({ realm }) {
    const { cwd, env } = realm.process;
    return env.NODEREPL_DATA ?? (realm.require("fs").existsSync("/mnt/data") ? "/mnt/data" : cwd());
});
