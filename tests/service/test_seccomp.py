"""The filter of system calls: run for both processors by a small interpreter here, and by the kernel in a child."""

from __future__ import annotations

import errno
import json
import platform
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from needs import only_where

from noderepl.service.seccomp import ARCHITECTURES, REFUSED, number_of, program

ALLOWED = 0
I386, X32 = 0x40000003, 0x40000000
HEADERS = {
    "x86_64": (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), r"__NR"),
    "aarch64": (Path("/usr/include/asm-generic/unistd.h"), r"__NR(?:3264)?"),
}
LOOKED_INTO = ("clone", "fcntl", "ioctl", "socket", "socketpair", "unshare")
machines = pytest.mark.parametrize("machine", ARCHITECTURES)


def verdict(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """The error number that the filter gives a call, or ALLOWED."""
    data = struct.pack(
        "=iIQ6Q",
        number,
        audit or ARCHITECTURES[machine].audit,
        0,
        *(*arguments, *(0,) * (6 - len(arguments))),
    )
    steps = list(struct.iter_unpack("=HBBI", program(machine) or b""))
    at = value = 0
    while True:
        code, yes, no, operand = steps[at]
        at += 1
        match code:
            case 0x20:
                (value,) = struct.unpack_from("=I", data, operand)
            case 0x54:
                value &= operand
            case 0x15:
                at += yes if value == operand else no
            case 0x35:
                at += yes if value >= operand else no
            case 0x45:
                at += yes if value & operand else no
            case 0x06:
                assert operand == 0x7FFF0000 or operand >> 16 == 5
                return operand & 0xFFFF if operand >> 16 == 5 else ALLOWED
            case _:
                raise AssertionError(code)


def refused(machine: str) -> Iterator[tuple[str, int, int]]:
    """The name, number and error of each call that is refused whatever its arguments."""
    for error, calls in REFUSED.items():
        for name in calls:
            if (number := number_of(name, machine)) is not None:
                yield name, number, error


@machines
def test_every_refused_call_gets_its_error(machine: str) -> None:
    """A call of the table is refused with the error of its group, whatever its arguments."""
    assert {name: verdict(machine, number, 1, 2, 3) for name, number, _ in refused(machine)} == {
        name: error for name, _, error in refused(machine)
    }


@machines
def test_other_calls_are_allowed(machine: str) -> None:
    """Every number of the table that is not refused, and not looked into, is let through."""
    known = {number for _, number, _ in refused(machine)}
    assert all(
        verdict(machine, number) == ALLOWED
        for number in range(463)
        if number not in known | _looked_into(machine)
    )


def _looked_into(machine: str) -> set[int]:
    kind = ARCHITECTURES[machine]
    return {getattr(kind, name) for name in LOOKED_INTO}


@machines
def test_calls_of_another_kind_are_not_there(machine: str) -> None:
    """Calls that are newer than the table, of the x32 ABI and of 32-bit programs answer as on a kernel without them."""
    for number in (463, 500, X32, X32 | 165, 0x7FFFFFFF, -1):
        assert verdict(machine, number) == errno.ENOSYS, number
    for audit in (
        I386,
        0x40000028,
        *(kind.audit for name, kind in ARCHITECTURES.items() if name != machine),
    ):
        assert verdict(machine, 3, audit=audit) == errno.ENOSYS


SOCKETS = {
    **{(1, type_, 0): ALLOWED for type_ in (1, 2, 5)},
    **{
        (family, type_, 0): ALLOWED
        for family in (2, 10)
        for type_ in (1, 2, 1 | 0o2004000, 2 | 0o2000000)
    },
    **{(2, 1, 6): ALLOWED, (10, 2, 17): ALLOWED, (2, 2, 1): ALLOWED, (10, 2, 58): ALLOWED},
    **{(2, 1, protocol): errno.EPROTONOSUPPORT for protocol in (33, 132, 136, 256, 262)},
    **{
        (family, type_, 0): errno.EPROTONOSUPPORT
        for family in (2, 10)
        for type_ in (3, 4, 5, 6, 10)
    },
    (16, 3, 0): ALLOWED,
    **{(16, 3, protocol): errno.EAFNOSUPPORT for protocol in range(1, 23)},
    **{(family, 1, 0): errno.EAFNOSUPPORT for family in range(47) if family not in (1, 2, 10, 16)},
    (1 << 31, 1, 0): errno.EAFNOSUPPORT,
}


@machines
def test_only_common_sockets_are_made(machine: str) -> None:
    """AF_UNIX, TCP, UDP and ICMP, and the netlink socket of os.networkInterfaces(); every other family is refused."""
    kind = ARCHITECTURES[machine]
    assert {key: verdict(machine, kind.socket, *key) for key in SOCKETS} == SOCKETS
    pairs = {family: verdict(machine, kind.socketpair, family, 1, 0) for family in range(47)}
    assert pairs == {family: ALLOWED if family == 1 else errno.EAFNOSUPPORT for family in range(47)}


NAMESPACES = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
PTHREAD = 0x3D0F00


@machines
def test_no_namespace_is_made_and_no_key_typed(machine: str) -> None:
    """clone and unshare make threads, processes and no namespace; ioctl types nothing and allocates no disk."""
    kind = ARCHITECTURES[machine]
    for flag in NAMESPACES:
        for number in (kind.clone, kind.unshare):
            assert verdict(machine, number, flag | 17) == errno.EPERM
    assert verdict(machine, kind.unshare, 0x80) == errno.EPERM
    for flags in (17, 0x4111, PTHREAD, 0x1200011):
        assert verdict(machine, kind.clone, flags) == ALLOWED
    assert verdict(machine, kind.unshare, 0x200) == ALLOWED
    ioctls = {
        0x5412: errno.EPERM,
        0x541C: errno.EPERM,
        0x5401: ALLOWED,
        0x5421: ALLOWED,
        0x40049409: ALLOWED,
    }
    ioctls |= dict.fromkeys((0x40305828, 0x4030582A, 0x40305839), errno.EOPNOTSUPP)
    assert {
        request: verdict(machine, kind.ioctl, 0, request | 1 << 40) for request in ioctls
    } == ioctls


@machines
def test_no_lease_is_taken(machine: str) -> None:
    """fcntl takes no lease and reports no changes of a directory; locks, flags and sizes of pipes work."""
    number = ARCHITECTURES[machine].fcntl
    high = 1 << 40  # the kernel ignores this half of the argument
    for command in (1024, 1026):
        assert verdict(machine, number, 3, command) == errno.EPERM
        assert verdict(machine, number, 3, command | high) == errno.EPERM
    for command in (0, 1, 2, 3, 4, 5, 6, 7, 37, 1025, 1030, 1031, 1033):
        assert verdict(machine, number, 3, command) == ALLOWED


@machines
def test_numbers_are_the_kernels(machine: str) -> None:
    """Names have the numbers that the kernel's header gives them."""
    header, prefix = HEADERS[machine]
    only_where(header.exists(), str(header))
    known = dict(re.findall(rf"#define {prefix}_(\w+)\s+(\d+)", header.read_text()))
    kind = ARCHITECTURES[machine]
    ours = {name: number for name, number, _ in refused(machine)} | {
        name: getattr(kind, name) for name in LOOKED_INTO
    }
    assert len(ours.keys() & known.keys()) > 40
    assert {name: int(known[name]) for name in ours if name in known} == {
        name: number for name, number in ours.items() if name in known
    }


CHILD = """
import ctypes, errno, json, os, socket, subprocess, sys, threading
filter_ = bytes.fromhex(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(filter_, len(filter_))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(len(filter_) // 8, ctypes.addressof(buffer)))) == 0
def call(number):
    done = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
    return ctypes.get_errno() if done < 0 else 0
def family(number):
    try:
        socket.socket(number, socket.SOCK_STREAM, 0).close()
    except OSError as error:
        return error.errno
    return 0
errors = {name: call(number) for name, number in json.loads(sys.argv[2]).items()}
families = {number: family(number) for number in (1, 2, 17, 29, 31, 38, 40, 44)}
thread = threading.Thread(target=lambda: None)
thread.start()
thread.join()
ran = subprocess.run(["true"]).returncode
with open(sys.argv[3], "wb") as file:
    os.posix_fallocate(file.fileno(), 0, 1 << 20)
    try:
        libc.fallocate64(file.fileno(), 0, ctypes.c_long(0), ctypes.c_long(1 << 20))
        allocated = ctypes.get_errno()
    finally:
        pass
print(json.dumps([errors, families, ran, allocated]))
"""


@pytest.mark.skipif(
    platform.machine() not in ARCHITECTURES or sys.platform != "linux",
    reason="no filter for this machine",
)
def test_the_kernel_takes_the_filter_and_programs_run_on(tmp_path: Path) -> None:
    """Under the filter the kernel refuses the calls of the table, and threads, processes and posix_fallocate work."""
    machine = platform.machine()
    numbers = {name: number for name, number, _ in refused(machine)}
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            CHILD,
            (program() or b"").hex(),
            json.dumps(numbers),
            str(tmp_path / "file"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    errors, families, exit_code, allocated = json.loads(ran.stdout)
    assert errors == {name: error for name, _, error in refused(machine)}
    no = errno.EAFNOSUPPORT
    assert families == {"1": 0, "2": 0, "17": no, "29": no, "31": no, "38": no, "40": no, "44": no}
    assert (exit_code, allocated) == (0, errno.EOPNOTSUPP)
