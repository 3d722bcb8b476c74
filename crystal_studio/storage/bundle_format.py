"""What a bundle is: a zip file with a manifest, a project without its queue, and CIFs for those without the program."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FORMAT = "crystal-studio-bundle"
VERSION = 1
ENDING = ".zip"
MANIFEST, PROJECT, README, CIF_FOLDER = "manifest.json", "project.cstudio", "README.txt", "cif/"
MOST_CIFS = 1000
_CHUNK_BYTES = 1 << 20

README_TEXT = """This is a bundle of Crystal Studio: a whole project in one file.

project.cstudio   the project; `crystal-studio unbundle NEW.cstudio THIS.zip` opens it, or drop the bundle on the window
cif/              the newest crystals that are not hidden, up to {most}, as generated (P1), for any other program
manifest.json     what is in here, with sizes and SHA-256
"""


@dataclass(frozen=True)
class Member:
    """One file of a bundle."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """What a bundle says about itself.

    Attributes:
        program: what wrote it.
        created: ISO 8601, UTC.
        nodes: how many nodes its project holds.
        members: name -> hash and size, of all members but the manifest.
    """

    program: str
    created: str
    nodes: int
    members: Mapping[str, Member]

    def to_json(self) -> str:
        """As it is written."""
        members = {name: asdict(member) for name, member in self.members.items()}
        plain = {"format": FORMAT, "version": VERSION, "program": self.program, "created": self.created}
        return json.dumps({**plain, "nodes": self.nodes, "members": members}, indent=1)


class NotABundle(ValueError):
    """The text is no manifest that this program can read; the message says why, for a person."""


def read_manifest(text: bytes) -> Manifest:
    """Inverse of `Manifest.to_json`.

    Raises:
        NotABundle: it is none, or of a newer format.
    """
    try:
        plain = json.loads(text)
        if plain["format"] != FORMAT:
            raise NotABundle("is not a bundle of Crystal Studio")
        if not isinstance(plain["version"], int) or plain["version"] > VERSION:
            raise NotABundle("was written by a newer Crystal Studio; update this one to read it")
        members = {str(name): _member(one) for name, one in plain["members"].items()}
        return Manifest(str(plain["program"]), str(plain["created"]), int(plain["nodes"]), members)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, NotABundle):
            raise
        raise NotABundle("has a manifest that cannot be read") from error


def hash_of(path: Path) -> Member:
    """Hash and size of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return Member(digest.hexdigest(), path.stat().st_size)


def hash_of_text(text: str) -> Member:
    """Hash and size of a text in UTF-8."""
    encoded = text.encode()
    return Member(hashlib.sha256(encoded).hexdigest(), len(encoded))


def _member(plain: Mapping[str, Any]) -> Member:
    return Member(str(plain["sha256"]), int(plain["size"]))
