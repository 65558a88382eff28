"""The system call filter for sessions in the sandbox, as a program of classic BPF. This module only
builds the program.

The filter lists the rejected calls, and also rejects calls that are newer than the table below,
until they have been reviewed. A rejected call returns an error number, so that programs use another
call instead.
"""

from __future__ import annotations

import errno
import os
import struct
from functools import cache

from noderepl.lazy_dataclasses import dataclass

# The structure seccomp_data: the call's number, its architecture, the instruction pointer, six
# arguments.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_LOAD, _AND, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
# The latest call in the table of Linux 6.10, mseal. The calls of the x32 ABI have much higher
# numbers.
_NEWEST = 462

# CLONE_NEWTIME is not a flag of clone: there the lowest byte is the signal.
_NAMESPACES = 0x7E020000
_NEW_TIME = 0x80
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
# FS_IOC_RESVSP, FS_IOC_RESVSP64 and FS_IOC_ZERO_RANGE: fallocate by another name.
_PREALLOCATE = (0x40305828, 0x4030582A, 0x40305839)
# F_SETLEASE and F_NOTIFY: a lease on a file of the machine, even one that is mounted read only,
# delays a process that opens it outside by 45 seconds.
_SIGNALS_ABOUT_FILES = (1024, 1026)
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_TYPE_MASK = 0xF
_SOCK_STREAM, _SOCK_DGRAM = 1, 2
_NETLINK_ROUTE = 0
# Any, ICMP (ping without privileges), TCP, UDP, ICMPv6. The others are rare and load a kernel
# module.
_PROTOCOLS = (0, 1, 6, 17, 58)

# Numbers on x86_64 and aarch64; None if the architecture has no such call.
_EPERM: dict[str, tuple[int | None, int | None]] = {
    # The keys of the user's login.
    "add_key": (248, 217),
    "keyctl": (250, 219),
    "request_key": (249, 218),
    # Other processes, and file handles that reach outside the mounts.
    "kcmp": (312, 272),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "open_by_handle_at": (304, 265),
    "pidfd_getfd": (438, 438),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    # Mounts and namespaces.
    "chroot": (161, 51),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "pivot_root": (155, 41),
    "setns": (308, 268),
    "umount2": (166, 39),
    # The machine's own settings.
    "acct": (163, 89),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "delete_module": (176, 106),
    "finit_module": (313, 273),
    "init_module": (175, 105),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    # Large parts of the kernel that Node.js does not need.
    "bpf": (321, 280),
    "fanotify_init": (300, 262),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
}
_ENOSYS: dict[str, tuple[int | None, int | None]] = {
    # The flags are behind a pointer; libraries use clone instead.
    "clone3": (435, 435),
    # A filter does not see asynchronous work of the kernel; libuv uses threads instead.
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    # Memory that no process shows.
    "memfd_secret": (447, 447),
    # A rule keeps a deleted file on disk, and there is no way to list the files of a ruleset.
    "landlock_add_rule": (445, 445),
    "landlock_create_ruleset": (444, 444),
    "landlock_restrict_self": (446, 446),
    # Obsolete calls of old kernels.
    "_sysctl": (156, None),
    "create_module": (174, None),
    "get_kernel_syms": (177, None),
    "lookup_dcookie": (212, 18),
    "modify_ldt": (154, None),
    "nfsservctl": (180, 42),
    "query_module": (178, None),
    "uselib": (134, None),
}
# It allocates any amount of disk at once; posix_fallocate of the C library writes instead.
_EOPNOTSUPP: dict[str, tuple[int | None, int | None]] = {"fallocate": (285, 47)}
REFUSED = {
    errno.EPERM: _EPERM,
    errno.ENOSYS: _ENOSYS,
    errno.EOPNOTSUPP: _EOPNOTSUPP,
}


@dataclass(frozen=True, slots=True)
class Architecture:
    """A kind of processor. audit: its number in seccomp_data. column: of its calls in REFUSED. The
    others are numbers of calls whose arguments are checked.
    """

    audit: int
    column: int
    clone: int
    fcntl: int
    ioctl: int
    socket: int
    socketpair: int
    unshare: int


ARCHITECTURES = {
    "x86_64": Architecture(
        0xC000003E, 0, clone=56, fcntl=72, ioctl=16, socket=41, socketpair=53, unshare=272
    ),
    "aarch64": Architecture(
        0xC00000B7, 1, clone=220, fcntl=25, ioctl=29, socket=198, socketpair=199, unshare=97
    ),
}


def number_of(call: str, machine: str | None = None) -> int | None:
    """Returns the number of a system call of REFUSED; None if there is none, or the processor is
    unknown.
    """
    architecture = ARCHITECTURES.get(machine or os.uname().machine)
    found = next(calls[call] for calls in REFUSED.values() if call in calls)
    return None if architecture is None else found[architecture.column]


@cache
def program(machine: str | None = None) -> bytes | None:
    """Returns the filter as an array of struct sock_filter, for `bwrap --seccomp`; None for an
    unknown processor.

    machine: as in uname; by default this machine's.
    """
    architecture = ARCHITECTURES.get(machine or os.uname().machine)
    return None if architecture is None else b"".join(_instructions(architecture))


def _instructions(architecture: Architecture) -> list[bytes]:
    refused = [
        part
        for error, calls in REFUSED.items()
        for numbers in calls.values()
        if (number := numbers[architecture.column]) is not None
        for part in _when(number, [_refuse(error)])
    ]
    return [
        _step(_LOAD, _ARCHITECTURE),
        # Calls of another architecture, such as those of 32 bits, have other numbers.
        *(_step(_EQUAL, architecture.audit, yes=1), _refuse(errno.ENOSYS)),
        _step(_LOAD, _NUMBER),
        *(_step(_AT_LEAST, _NEWEST + 1, no=1), _refuse(errno.ENOSYS)),
        *refused,
        *_when(architecture.clone, _without_bits(0, _NAMESPACES)),
        *_when(architecture.unshare, _without_bits(0, _NAMESPACES | _NEW_TIME)),
        *_when(architecture.fcntl, _fcntl()),
        *_when(architecture.ioctl, _ioctl()),
        *_when(architecture.socket, _socket()),
        *_when(architecture.socketpair, _one_of(0, [_AF_UNIX], errno.EAFNOSUPPORT)),
        _step(_RETURN, _ALLOW),
    ]


def _step(code: int, operand: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, operand)


def _refuse(error: int) -> bytes:
    return _step(_RETURN, _ERROR | error)


def _when(number: int, body: list[bytes]) -> list[bytes]:
    """Returns the instructions that run `body`, which returns, for the loaded call of this
    number.
    """
    return [_step(_EQUAL, number, no=len(body)), *body]


def _load(argument: int) -> bytes:
    """Loads the lower half of an argument; the kernel ignores the upper half of the arguments that
    are checked here.
    """
    return _step(_LOAD, _ARGUMENTS + 8 * argument)


def _without_bits(argument: int, bits: int) -> list[bytes]:
    refuse = _refuse(errno.EPERM)
    return [_load(argument), _step(_ANY_BIT, bits, no=1), refuse, _step(_RETURN, _ALLOW)]


def _fcntl() -> list[bytes]:
    """Rejects leases, which delay processes outside, and signals about their file accesses."""
    return _none_of(1, dict.fromkeys(_SIGNALS_ABOUT_FILES, errno.EPERM))


def _ioctl() -> list[bytes]:
    """Rejects input into a terminal on the user's behalf, and allocation of disk without
    writing.
    """
    errors = dict.fromkeys((_TIOCSTI, _TIOCLINUX), errno.EPERM) | dict.fromkeys(
        _PREALLOCATE, errno.EOPNOTSUPP
    )
    return _none_of(1, errors)


def _none_of(argument: int, errors: dict[int, int]) -> list[bytes]:
    """Rejects values of an argument. errors: the error number for each."""
    steps = [part for value, error in errors.items() for part in _when(value, [_refuse(error)])]
    return [_load(argument), *steps, _step(_RETURN, _ALLOW)]


def _one_of(argument: int, allowed: list[int], error: int) -> list[bytes]:
    steps = [
        part for value in allowed for part in (_step(_EQUAL, value, no=1), _step(_RETURN, _ALLOW))
    ]
    return [_load(argument), *steps, _refuse(error)]


def _socket() -> list[bytes]:
    """Allows AF_UNIX; TCP, UDP and ICMP over IPv4 and IPv6; and the netlink socket of
    os.networkInterfaces().
    """
    protocols = _one_of(2, list(_PROTOCOLS), errno.EPROTONOSUPPORT)
    types = [
        _load(1),
        _step(_AND, _TYPE_MASK),
        *(_step(_EQUAL, _SOCK_STREAM, yes=2), _step(_EQUAL, _SOCK_DGRAM, yes=1)),
        _refuse(errno.EPROTONOSUPPORT),
        *protocols,
    ]
    return [
        _load(0),
        *(_step(_EQUAL, _AF_UNIX, no=1), _step(_RETURN, _ALLOW)),
        *(_step(_EQUAL, _AF_INET, yes=1), _step(_EQUAL, _AF_INET6, no=len(types))),
        *types,
        *_when(_AF_NETLINK, _one_of(2, [_NETLINK_ROUTE], errno.EAFNOSUPPORT)),
        _refuse(errno.EAFNOSUPPORT),
    ]
