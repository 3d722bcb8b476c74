"""The limited process of `checkpoint_conversion`: reads one pickled checkpoint and writes tensors and plain data.

    python -m crystal_studio.engines.devices.checkpoint_reader SOURCE FOLDER

Memory and written bytes are bounded by the size of the file, so a tensor that is larger than what is stored of it
(an expanded one), more views than there is data, and hyperparameters that unfold without end are refused.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.devices.checkpoint_limits import forbid, leave_network, limit_process

if TYPE_CHECKING:
    from torch import Tensor

_STATE_NAMES = ("state_dict", "model_state_dict", "model", "weights")
_HYPERPARAMETER_NAMES = ("hyper_parameters", "hparams", "config", "args")
_ABOUT = ("epoch", "global_step", "pytorch-lightning_version")
_MOST_TENSORS, _MOST_VALUES, _DEEPEST, _LONGEST_TEXT = 100_000, 100_000, 32, 100_000


def read(source: Path, folder: Path) -> None:
    """Write ``weights.safetensors`` and ``hyperparameters.json``.

    Raises:
        UserCorrectable: the file is refused; says why.
    """
    from safetensors.torch import save_file

    from crystal_studio.engines.devices.checkpoint_pickle import load_inert

    loaded = load_inert(source)
    state = _state_dict(source, loaded)
    unique, same_as = _once(source, state)
    plain = _Plain(source)
    hyperparameters = plain.mapping(_first(loaded, _HYPERPARAMETER_NAMES))
    about = plain.mapping({name: loaded[name] for name in _ABOUT if name in loaded})
    document = {
        "hyper_parameters": hyperparameters,
        "about": about,
        "same_as": same_as,
        "left_out": sorted(plain.left_out),
    }
    (folder / "hyperparameters.json").write_text(json.dumps(document, indent=1, allow_nan=False), encoding="utf-8")
    save_file(unique, folder / "weights.safetensors")


def _state_dict(source: Path, loaded: Any) -> dict[str, Tensor]:
    """The tensors of a model: under one of the usual names, or the whole file.

    Raises:
        UserCorrectable: there are none, or among them is what is no tensor.
    """
    import torch

    if not isinstance(loaded, dict):
        raise UserCorrectable(f"{source} holds no weights by name. Name a checkpoint with a state dict.")
    named = _first(loaded, _STATE_NAMES)
    found = named if isinstance(named, dict) else loaded
    tensors = {name: value for name, value in found.items() if isinstance(value, torch.Tensor)}
    if not tensors or len(tensors) > _MOST_TENSORS:
        raise UserCorrectable(f"{source} holds {len(tensors)} weights by name. Name a checkpoint with a state dict.")
    wrong = [name for name in tensors if not isinstance(name, str) or not name.isprintable() or len(name) > 500]
    if wrong:
        raise UserCorrectable(f"{source} names its weights in an impossible way. It was refused.")
    return tensors


def _once(source: Path, state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Every different tensor, contiguous; and which of the others is the same as which.

    Raises:
        UserCorrectable: a tensor is not a plain one, or they unfold to more than the file holds.
    """
    first: dict[tuple[Any, ...], str] = {}
    unique: dict[str, Tensor] = {}
    same_as: dict[str, str] = {}
    room = source.stat().st_size
    for name, tensor in state.items():
        _check_plain(source, name, tensor)
        place = (tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride())
        if tensor.numel() and place in first:
            same_as[name] = first[place]
            continue
        room -= tensor.numel() * tensor.element_size()
        if room < 0:
            raise UserCorrectable(f"The weights in {source} unfold to more than the file holds. It was refused.")
        first[place] = name
        unique[name] = tensor.detach().contiguous().clone() if tensor.stride() else tensor.detach().clone()
    return unique, same_as


def _check_plain(source: Path, name: str, tensor: Tensor) -> None:
    import torch

    plain = tensor.layout == torch.strided and not tensor.is_quantized and tensor.device.type == "cpu"
    if not plain or type(tensor) not in (torch.Tensor, torch.nn.Parameter) or tensor.is_complex():
        raise UserCorrectable(f"The weight '{name[:100]}' in {source} is not a plain tensor. It was refused.")
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise UserCorrectable(f"The weight '{name[:100]}' in {source} is larger than its data. It was refused.")


class _Plain:
    """Turns what `load_inert` gives into data that JSON can hold, noting what it leaves out."""

    def __init__(self, source: Path) -> None:
        self.left_out: set[str] = set()
        self._source = source
        self._values = 0

    def mapping(self, value: Any) -> dict[str, Any]:
        """A dictionary of plain data, empty where there is none.

        Raises:
            UserCorrectable: it is too deep, too large, or contains itself.
        """
        plain = self._of(value, 0)
        return plain if isinstance(plain, dict) else {}

    def _of(self, value: Any, depth: int) -> Any:
        self._values += 1
        if depth > _DEEPEST or self._values > _MOST_VALUES:
            raise UserCorrectable(f"The hyperparameters in {self._source} are too many or too deep. It was refused.")
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if isinstance(value, str):
            return value[:_LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")
        if isinstance(value, Mapping):
            return {key: self._of(item, depth + 1) for key, item in _named(value)}
        if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
            return [self._of(item, depth + 1) for item in value]
        return self._unwrapped(value, depth)

    def _unwrapped(self, value: Any, depth: int) -> Any:
        """What an inert object stands for: OmegaConf keeps `_content` or `_val`, a namespace its attributes."""
        state = getattr(value, "state", None)
        if isinstance(state, dict):
            for name in ("_content", "_val"):
                if name in state:
                    return self._of(state[name], depth + 1)
            if value.said in ("argparse.Namespace", "types.SimpleNamespace"):
                return self._of(state, depth + 1)
        self.left_out.add(getattr(value, "said", type(value).__name__))
        return None


def _named(value: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    return ((str(key)[:_LONGEST_TEXT], item) for key, item in value.items() if isinstance(key, str | int | float))


def _first(loaded: Any, names: Sequence[str]) -> Any:
    return next((loaded[name] for name in names if name in loaded and not _is_tensor(loaded[name])), None)


def _is_tensor(value: object) -> bool:
    return hasattr(value, "untyped_storage")


def main(arguments: Sequence[str]) -> int:
    """Command line; gives up every right before the file is opened."""
    source, folder = (Path(argument) for argument in arguments)
    try:
        leave_network()
        limit_process(source.stat().st_size)
        import safetensors.torch  # noqa: F401 (what is loaded now need not be found later)

        from crystal_studio.engines.devices import checkpoint_pickle  # noqa: F401

        forbid(folder)
        read(source, folder)
    except UserCorrectable as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_status)
    except (MemoryError, RecursionError, OSError) as error:
        sys.stderr.write(f"{source} cannot be converted ({type(error).__name__}). It was refused.\n")
        return int(UserCorrectable.exit_status)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
