"""Where a language-model server is, and whether what is said there leaves the machine."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from crystal_studio.domain.errors import UserCorrectable

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class ServerAddress:
    """A server, taken apart.

    Attributes:
        secure: whether the line is encrypted.
        host: a number or a name; for this machine always a number, so that no name is looked up.
        port: of the server.
        path: before ``/v1/...``.
        is_local: whether it is this machine.
    """

    secure: bool
    host: str
    port: int
    path: str
    is_local: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def server_address(url: str, allow_other_host: bool) -> ServerAddress:
    """Take an address apart, and refuse one that would leave the machine unasked.

    Raises:
        UserCorrectable: it is no address of a server, holds a password, or is of another machine without permission.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UserCorrectable(f"'{url}' is no address of a server ({error}). Write http://127.0.0.1:8080.") from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
        raise UserCorrectable(f"'{url}' is no address of a server. Write it like http://127.0.0.1:8080.")
    if parts.username is not None or parts.password is not None:
        raise UserCorrectable(
            "The server's address holds a name or password. Take it out, and name the environment variable that holds "
            "the key in the option 'key_variable'."
        )
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    local = _is_loopback(host)
    if not local and not allow_other_host:
        raise UserCorrectable(
            f"The language-model server {host} is another machine: each message and the described crystal would leave "
            "this one. To allow that, set allow_other_host = true in the options of the model's card."
        )
    path = parts.path.rstrip("/").removesuffix("/v1")
    return ServerAddress(parts.scheme == "https", host, port or _PORTS[parts.scheme], path, local)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
