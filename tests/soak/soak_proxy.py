"""The soak's proxy, in a process of its own so that the client's memory is the client's: faults at random, from a seed."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter

import fault_kinds as kinds
from fault_proxy import Fault, FaultProxy

FAULTS: dict[str, Fault] = {
    "reset, not passed on": kinds.reset,
    "reset, passed on": kinds.reset_after,
    "reset, passed on later": kinds.late(0.05),
    "closed, passed on": kinds.closed_after,
    "passed on twice": kinds.twice,
    "429": kinds.status(429),
    "429, `Retry-After: 0`": kinds.status(429, Retry_After="0"),
    "503, `Retry-After: 0`": kinds.status(503, Retry_After="0"),
    "502, not passed on": kinds.status(502),
    "502, passed on": kinds.status(502, passed=True),
    "503, passed on": kinds.status(503, passed=True),
    "504, passed on": kinds.status(504, passed=True),
    "cut in a header": kinds.cut(lambda head, body: len(head) - 9),
    "cut in the body": kinds.cut(lambda head, body: len(head) + 4 + len(body) // 2),
    "a page instead": kinds.body(lambda was: b"<html>sorry</html>", b"content-type: text/html"),
    "gzip that is none": kinds.body(lambda was: was, b"content-encoding: gzip"),
    "`status` is `Failed`": kinds.field("status", "Failed"),
}


def serve(upstream: str, rate: float, seed: int) -> None:
    """Prints the proxy's URL, and at the end of standard input how many requests came and what was done to them."""
    chance = random.Random(seed)
    requests, met = 0, Counter[str]()

    def choose(body: bytes) -> Fault | None:
        nonlocal requests
        requests += 1
        # A file or a question about the session has no body, and is no matter here.
        if not body or chance.random() >= rate:
            return None
        name = chance.choice(list(FAULTS))
        met[name] += 1
        return FAULTS[name]

    with FaultProxy(upstream, choose=choose) as proxy:
        print(proxy.url, flush=True)
        sys.stdin.read()
    print(json.dumps({"requests": requests, "met": dict(met)}), flush=True)
