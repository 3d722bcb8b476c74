"""What a pickled checkpoint may name, and the inert objects that stand for everything that is not a tensor.

The file is read by torch's own restricted reader (``weights_only=True``), which calls nothing but what it was given.
It is given no class or function of any other library, only what is written here:

* containers that hyperparameters come in (OmegaConf, argparse.Namespace, Lightning's and sacred's dictionaries and
  lists, paths, numbers) become plain data or objects of `Inert`, which keep what they are given and do nothing;
* any other class of a library that is no part of Python becomes `Inert` too; its name ends up among what was left out;
* a function, and whatever of Python's own library is not on the list, is refused by name: no checkpoint needs it.

Nothing is ever imported because a file names it.
"""

from __future__ import annotations

import _compat_pickle
import pickle
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from crystal_studio.domain.errors import UserCorrectable


class Inert:
    """Stands for an object that was not loaded: its class's name, what it was made from, and its state."""

    said = ""

    def __new__(cls, *_: Any) -> Inert:
        """Take anything."""
        return object.__new__(cls)

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        """Keep the state as it is."""
        self.state = state


class _PlainList:
    """A list subclass: the restricted reader appends to real lists only."""

    def __new__(cls, items: Any = ()) -> list[Any]:  # type: ignore[misc]
        return list(items) if isinstance(items, list | tuple) else []


class _PlainDict:
    """A dictionary subclass: the restricted reader sets items of real dictionaries only."""

    def __new__(cls, items: Any = ()) -> dict[Any, Any]:  # type: ignore[misc]
        return dict(items) if isinstance(items, dict) else {}


def _joined_path(*parts: Any) -> str:
    return "/".join(str(part) for part in parts).replace("//", "/")


def _plain_dict(*_: Any) -> dict[Any, Any]:
    """A defaultdict without its factory."""
    return {}


# A pickle of protocol 2 calls Python's own modules by their names of Python 2: `subprocess` is "commands" there.
_STANDARD = sys.stdlib_module_names | {name.partition(".")[0] for name in _compat_pickle.IMPORT_MAPPING}
_LISTS = ("sacred.config.custom_containers.ReadOnlyList",)
_DICTS = (
    "sacred.config.custom_containers.ReadOnlyDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "lightning.fabric.utilities.data.AttributeDict",
)
_PATHS = tuple(
    f"{module}.{name}"
    for module in ("pathlib", "pathlib._local")
    for name in ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath", "Path")
)
_INERT = (
    "argparse.Namespace",
    "types.SimpleNamespace",
    "typing.Any",
    "datetime.datetime",
    "datetime.date",
    "datetime.timedelta",
    *(
        f"builtins.{name}"
        for name in ("dict", "list", "tuple", "int", "float", "str", "bool", "bytes", "object", "type")
    ),
    *(f"numpy.{name}" for name in ("dtype", "ndarray")),
    *(f"numpy.{room}.multiarray.{name}" for room in ("core", "_core") for name in ("scalar", "_reconstruct")),
)


def load_inert(path: Path) -> Any:
    """What a checkpoint holds, as tensors, plain data and `Inert` objects.

    Raises:
        UserCorrectable: it names what no checkpoint needs, or it cannot be read.
    """
    zipped = zipfile.is_zipfile(path)
    try:
        known = _known()
        others = {name: _inert(name) for name in _foreign(path, known) if _is_harmless(path, name)} if zipped else {}
        allowed: list[Any] = [(stand_in, name) for name, stand_in in (known | others).items()]
        with torch.serialization.safe_globals(allowed):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except UserCorrectable:
        raise
    except MemoryError as error:
        raise UserCorrectable(f"{path} asks for more memory than a file of its size needs. It was refused.") from error
    except Exception as error:  # a broken file breaks torch's reader in every way there is
        raise UserCorrectable(f"{path} is no checkpoint that can be read ({_short(error)}). Fetch it again.") from error


def _known() -> dict[str, Callable[..., Any]]:
    """Full name -> what stands for it, for all that is expected in hyperparameters."""
    return {
        **{name: _PlainList for name in _LISTS},
        **{name: _PlainDict for name in _DICTS},
        **{name: _joined_path for name in _PATHS},
        "collections.defaultdict": _plain_dict,
        **{name: _inert(name) for name in _INERT},
    }


def _foreign(path: Path, known: Mapping[str, object]) -> list[str]:
    """Names in a zipped checkpoint that neither torch's reader nor our list knows."""
    return [name for name in torch.serialization.get_unsafe_globals_in_checkpoint(path) if name not in known]


def _is_harmless(path: Path, name: str) -> bool:
    """True for a class of a foreign library.

    Raises:
        UserCorrectable: it is a function, or of Python's own library.
    """
    if len(name) > 200 or not name.isprintable():
        raise UserCorrectable(f"{path} names a class in an impossible way. It was refused.")
    if name.partition(".")[0] in _STANDARD or not name.rpartition(".")[2].lstrip("_")[:1].isupper():
        raise UserCorrectable(f"{path} asks for '{name}', which no checkpoint needs: it may hold code. It was refused.")
    return True


def _inert(name: str) -> type[Inert]:
    return type("Inert", (Inert,), {"said": name})


def _short(error: Exception) -> str:
    said = f"{error}".strip().splitlines()
    kind = "damaged pickle" if isinstance(error, pickle.UnpicklingError) else type(error).__name__
    return f"{kind}: {said[0][:200]}" if said else kind
