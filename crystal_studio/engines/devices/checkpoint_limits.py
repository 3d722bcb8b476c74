"""What a process that reads a file of a stranger may do: little memory and time, no network, no program, one folder.

Three layers, none of which the file can take back: limits of the kernel, a network namespace of its own where the
kernel grants one, and a hook of the interpreter that refuses what reading never needs.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import UserCorrectable

_ROOM_BYTES = 8 * 2**30
"""Address space of the interpreter with torch, before anything is read; most of it is reserved, never used."""
_CLONE_NEWUSER, _CLONE_NEWNET = 0x1000_0000, 0x4000_0000  # linux/sched.h
_NEVER = frozenset(
    {
        "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.kill",
        "os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink", "os.chmod", "os.chown", "os.putenv",
        "shutil.rmtree", "shutil.move", "shutil.copyfile", "subprocess.Popen", "pty.spawn",
        "socket.__new__", "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo",
        "ctypes.dlopen", "ctypes.call_function", "code.__new__", "pickle.find_class",
    }
)  # fmt: skip


def limit_process(file_bytes: int) -> None:
    """Hold memory, processor time and written bytes to what a file of that size can need.

    Raises:
        UserCorrectable: this system has no such limits.
    """
    try:
        import resource
    except ModuleNotFoundError as error:
        raise UserCorrectable(
            "A pickled checkpoint is only read under limits that this system does not have. Convert it on Linux."
        ) from error
    gigabytes = file_bytes / 2**30
    _lower(resource.RLIMIT_AS, _ROOM_BYTES + 3 * file_bytes)
    _lower(resource.RLIMIT_CPU, 60 + int(60 * gigabytes))
    _lower(resource.RLIMIT_FSIZE, 2**26 + 2 * file_bytes)
    _lower(resource.RLIMIT_CORE, 0)


def leave_network() -> None:
    """Move into a network namespace without interfaces, where the kernel lets us; the hook holds everywhere.

    Called before any thread is started: a process with threads may not leave its user namespace.
    """
    if not sys.platform.startswith("linux"):
        return
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    if unshare(_CLONE_NEWNET) != 0:
        unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def forbid(folder: Path) -> None:
    """From now on refuse programs, sockets, foreign libraries, and every file written outside the folder."""
    inside = str(folder.resolve())

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _NEVER:
            raise UserCorrectable(f"The checkpoint asked for '{event}', which reading never needs. It was refused.")
        if event == "open" and _writes(arguments) and not _lies_in(arguments[0], inside):
            raise UserCorrectable("The checkpoint asked to write a file elsewhere. It was refused.")

    sys.addaudithook(refuse)


def _writes(arguments: tuple[Any, ...]) -> bool:
    _, mode, flags = arguments
    named = isinstance(mode, str) and any(letter in mode for letter in "wax+")
    return named or (isinstance(flags, int) and bool(flags & 3))


def _lies_in(path: object, folder: str) -> bool:
    return isinstance(path, str | Path) and str(Path(path).resolve()).startswith(f"{folder}/")


def _lower(limit: int, most: int) -> None:
    """Lower a limit for good; one that is lower already stays."""
    import resource

    _, hard = resource.getrlimit(limit)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(limit, (most, most))
