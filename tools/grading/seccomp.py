"""System calls that no exercise needs and that attacks begin with, as a filter for bubblewrap.

The namespaces of bubblewrap are the wall. This takes tools from those who look for a hole in it: new
namespaces and mounts, tracing, kernel keyrings, BPF, io_uring, and sockets of families that a network
namespace does not contain, such as the one to the machine that hosts a virtual machine. And it takes what
would escape the watch over memory and processors: memory that belongs to no process (shared without a file,
System V, memfd), and the choice of processors.
"""

from __future__ import annotations

import errno
import platform
import struct

LOAD, JUMP_EQUAL, JUMP_ABOVE, JUMP_BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, FOURTH_ARGUMENT = 0, 4, 16, 40  # offsets in struct seccomp_data
ALLOW, REFUSE = 0x7FFF0000, 0x00050000

NAMESPACE_FLAGS = 0x7E020080  # CLONE_NEW*: user, pid, network, ipc, uts, cgroup, mount, time
MAP_SHARED, MAP_ANONYMOUS = 0x01, 0x20
FAMILIES = (1, 2, 10, 16)  # unix, IPv4, IPv6, netlink: all of them end in the empty network namespace
X32_CALLS = 0x40000000

EVERYWHERE = (  # calls newer than the common numbering: the same number on all machines
    *range(425, 428),  # io_uring
    *range(428, 434),  # open_tree move_mount fsopen fsconfig fsmount fspick
    *(438, 442, 447),  # pidfd_getfd mount_setattr memfd_secret
)
REFUSED = (  # by name, with their numbers on x86_64 and aarch64
    ("ptrace", 101, 117),
    ("process_vm_readv", 310, 270),
    ("process_vm_writev", 311, 271),
    ("unshare", 272, 97),
    ("setns", 308, 268),
    ("mount", 165, 40),
    ("umount2", 166, 39),
    ("pivot_root", 155, 41),
    ("chroot", 161, 51),
    ("keyctl", 250, 219),
    ("add_key", 248, 217),
    ("request_key", 249, 218),
    ("bpf", 321, 280),
    ("perf_event_open", 298, 241),
    ("userfaultfd", 323, 282),
    ("kexec_load", 246, 104),
    ("kexec_file_load", 320, 294),
    ("init_module", 175, 105),
    ("finit_module", 313, 273),
    ("delete_module", 176, 106),
    ("open_by_handle_at", 304, 265),
    ("quotactl", 179, 60),
    ("reboot", 169, 142),
    ("swapon", 167, 224),
    ("shmget", 29, 194),
    ("msgget", 68, 186),
    ("semget", 64, 190),
    ("memfd_create", 319, 279),
    ("sched_setaffinity", 203, 122),
)
NO_MEMORY = ("shmget", "msgget", "semget", "memfd_create")  # refused as if there were no memory
MACHINES = {  # machine -> its mark in seccomp_data, place in REFUSED, numbers of clone, socket and mmap
    "x86_64": (0xC000003E, 1, 56, 41, 9),
    "aarch64": (0xC00000B7, 2, 220, 198, 222),
}
CLONE3 = 435  # its flags lie in memory, where a filter cannot look: libraries fall back to clone


def seccomp_filter(machine: str | None = None) -> bytes | None:
    """Return the filter as the kernel takes it; None for machines whose numbers are not known here.

    Args:
        machine: as ``platform.machine()`` says; None: this one.
    """
    machine = machine or platform.machine()
    if machine not in MACHINES:
        return None
    mark, place, clone, socket, mmap = MACHINES[machine]
    program = [
        _step(LOAD, ARCHITECTURE),
        _step(JUMP_EQUAL, mark, 1, 0),
        _refuse(errno.EPERM),
        _step(LOAD, NUMBER),
        _step(JUMP_ABOVE, X32_CALLS, 0, 1),
        _refuse(errno.EPERM),
    ]
    numbers = {call[place]: errno.ENOMEM if call[0] in NO_MEMORY else errno.EPERM for call in REFUSED}
    for number, error in (numbers | dict.fromkeys(EVERYWHERE, errno.EPERM)).items():
        program += [_step(JUMP_EQUAL, number, 0, 1), _refuse(error)]
    program += [_step(JUMP_EQUAL, CLONE3, 0, 1), _refuse(errno.ENOSYS)]
    program += [
        _step(JUMP_EQUAL, clone, 0, 4),
        _step(LOAD, FIRST_ARGUMENT),
        _step(JUMP_BITS, NAMESPACE_FLAGS, 0, 1),
        _refuse(errno.EPERM),
        _step(RETURN, ALLOW),
    ]
    program += [
        _step(JUMP_EQUAL, mmap, 0, 5),
        _step(LOAD, FOURTH_ARGUMENT),
        _step(JUMP_BITS, MAP_ANONYMOUS, 0, 2),
        _step(JUMP_BITS, MAP_SHARED, 0, 1),
        _refuse(errno.ENOMEM),
        _step(RETURN, ALLOW),
    ]
    program += [_step(JUMP_EQUAL, socket, 1, 0), _step(RETURN, ALLOW), _step(LOAD, FIRST_ARGUMENT)]
    for family in FAMILIES:
        program += [_step(JUMP_EQUAL, family, 0, 1), _step(RETURN, ALLOW)]
    return b"".join([*program, _refuse(errno.EAFNOSUPPORT)])


def _refuse(number: int) -> bytes:
    return _step(RETURN, REFUSE | number)


def _step(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_so, if_not, value)
