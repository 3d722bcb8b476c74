"""What is to be done to take a model in: which files, changed how, under which card."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelCard
from crystal_studio.ports.context import JobContext
from crystal_studio.registry.card_file import CARD_NAME
from crystal_studio.registry.found_files import FoundFile, FoundFiles

# Told of a file that is not taken: by its ending, else by its name.
PICKLED_SUFFIXES = frozenset({".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle", ".joblib", ".npy", ".h5", ".msgpack"})
_PROGRAM_SUFFIXES = frozenset(
    {".py", ".pyc", ".so", ".dll", ".dylib", ".sh", ".bat", ".exe", ".js", ".ipynb", ".pth.py"}
)
_TEMPLATE_NAMES = ("chat_template", "tokenizer_config.json", "special_tokens_map.json")
_NOT_IN_AN_ID = re.compile(r"[^a-z0-9._-]+")
_LONGEST_ID = 60


@dataclass(frozen=True)
class Part:
    """One file of the model to be.

    Attributes:
        name: its name there, with "/".
        found: where its bytes come from.
        text: what is written in place of those bytes, None for the bytes themselves.
        patches: (position, bytes) written over a copy.
    """

    name: str
    found: FoundFile
    text: bytes | None = None
    patches: tuple[tuple[int, bytes], ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether a link to the found file would not do."""
        return self.text is not None or bool(self.patches)


@dataclass(frozen=True)
class Recipe:
    """A model that was recognised.

    Attributes:
        card: as it will be, but for its files' hashes and its folder.
        what: one sentence, such as "Qwen3 language model, 4.0 B parameters, 16 bit".
        parts: its files.
        stripped: (file, what of it is left out) for files that are taken in part.
        conversion: makes the files, with a card of their own, in a folder that is not there yet; the parts are then
            pickles. None where the parts are the files.
    """

    card: ModelCard
    what: str
    parts: tuple[Part, ...]
    stripped: tuple[tuple[Path, str], ...] = ()
    conversion: Callable[[Path, JobContext], None] | None = None

    @property
    def size_bytes(self) -> int:
        """Of the files taken."""
        return sum(part.found.size if part.text is None else len(part.text) for part in self.parts)


# What lies at a place and the id asked for -> the recipe.
Recogniser = Callable[[FoundFiles, str], Recipe]


def model_id_of(name: str, asked: str | None) -> str:
    """The id asked for, else one made of a name.

    Raises:
        UserCorrectable: the id asked for cannot be one.
    """
    if asked is not None:
        if not asked or asked != _slug(asked) or len(asked) > _LONGEST_ID:
            raise UserCorrectable(
                f"'{asked[:70]}' cannot be a model's id. Use up to {_LONGEST_ID} of a-z, 0-9, '.', '-' and '_', "
                "beginning with a letter or a digit."
            )
        return asked
    return _slug(name)[:_LONGEST_ID] or "model"


def _slug(name: str) -> str:
    return _NOT_IN_AN_ID.sub("-", name.lower()).strip("-._")


def left_behind(found: FoundFiles, parts: Iterable[Part]) -> tuple[tuple[Path, str], ...]:
    """Every file that is not taken, and why."""
    taken = {CARD_NAME, *(part.found.name for part in parts)}
    others = [(item.path, _reason(name)) for name, item in found.files.items() if name not in taken]
    return (*others, *((found.place / name, reason) for name, reason in found.refused.items()))


def _reason(name: str) -> str:
    path = PurePosixPath(name.lower())
    if path.suffix in _PROGRAM_SUFFIXES:
        return "a program: nothing that comes with a model is run"
    if path.suffix in PICKLED_SUFFIXES:
        return "a pickle, which could hold code"
    if path.name.startswith(_TEMPLATE_NAMES):
        return "it may hold a chat template, which is a program: layouts of chats are the studio's own"
    return "not needed to run the model"


def described(kind: str, parameters: int, bits: str) -> str:
    """A sentence on a model, such as "Qwen3 language model, 4.0 B parameters, 16 bit"."""
    size = f"{parameters / 1e9:.1f} B" if parameters >= 1e8 else f"{parameters / 1e6:.1f} M"
    return f"{kind}, {size} parameters, {bits}"


def provenance_of(found: FoundFiles, more: Mapping[str, object] | None = None) -> dict[str, object]:
    """What a card says of a model that was imported."""
    return {"source": f"imported from {found.place.name}", **(more or {})}
