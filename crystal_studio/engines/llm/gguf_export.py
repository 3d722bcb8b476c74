"""Makes one GGUF file of a base model and an adapter merged into it, tokenizer included, for llama.cpp.

python -m crystal_studio.engines.llm.gguf_export BASE TARGET [--adapter ADAPTER] [--type f16] [--precision float32]

BASE and ADAPTER are model folders; TARGET becomes one, with ``model.gguf`` and ``model.toml``. No chat template is
written. Source: the format's specification, ``docs/gguf.md`` of the project ggml, version 3.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import StudioError, Unavailable, UserCorrectable
from crystal_studio.engines.llm.adapted_model import load_adapted
from crystal_studio.engines.llm.gguf_network import write_network
from crystal_studio.engines.llm.gguf_source import sha256_of
from crystal_studio.engines.llm.gguf_tokenizer import write_tokenizer
from crystal_studio.engines.llm.llama_cpp import WEIGHTS

TYPES = ("f32", "f16", "q8_0")


def export(base: Path, target: Path, adapter: Path | None, kind: str = "f16", precision: str = "float32") -> Path:
    """Write the file and its card.

    Args:
        base: folder of the model with safetensors and ``tokenizer.json``.
        target: folder that appears complete or not at all; its name becomes the model's id.
        adapter: folder of an adapter of this base.
        kind: of the numbers in the file; "q8_0" has blocks of 32 eight-bit numbers with one factor.
        precision: of the base while the adapter is merged; "nf4" merges into the 4-bit numbers that it was trained on.

    Returns:
        The card written.

    Raises:
        UserCorrectable: the target exists, or the network or tokenizer is of a kind that is not known here.
        Unavailable: base, adapter or the library gguf is missing.
    """
    if target.exists():
        raise UserCorrectable(f"'{target}' exists. Name a folder that does not.")
    options: dict[str, Any] = {"base": str(base), "precision": precision, "device": "cpu", "unpack": True}
    identity, model, _ = load_adapted(base, options | ({"adapter": str(adapter)} if adapter else {}))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".exporting-") as scratch:
        made = Path(scratch) / target.name
        made.mkdir()
        _write_file(made / WEIGHTS, model, base, identity, kind)
        card = _card(target.name, made / WEIGHTS, identity, "trained" if adapter else "prompted", kind, precision)
        (made / "model.toml").write_text(card, encoding="utf-8")
        made.rename(target)
    return target / "model.toml"


def _write_file(path: Path, model: Any, base: Path, identity: str, kind: str) -> None:
    try:
        from gguf import GGUFWriter
    except ImportError as error:
        raise Unavailable("The library gguf is not installed. Run `bash installer/studio` once.") from error
    writer = GGUFWriter(str(path), "")
    try:
        writer.add_name(identity)
        write_network(writer, model, kind)
        write_tokenizer(writer, json.loads((base / "tokenizer.json").read_text(encoding="utf-8")), model.config)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def _card(model_id: str, weights: Path, identity: str, form: str, kind: str, precision: str) -> str:
    return f"""id = {json.dumps(model_id)}
kind = "language_model"
version = "1"
backend = "crystal_studio.engines.llm.llama_cpp:create"
memory_mb = {2 * weights.stat().st_size // 1_000_000 + 100}

[[files]]
path = "{WEIGHTS}"
sha256 = "{sha256_of(weights)}"

[options]
form = "{form}"

[provenance]
source = {json.dumps(identity)}
numbers = "{kind}, from {precision}"
limits = "Exported from our own folders; the licence is that of the base."
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; 2 with one sentence where it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.engines.llm.gguf_export", description=__doc__)
    parser.add_argument("base", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--type", choices=TYPES, default="f16")
    parser.add_argument("--precision", choices=("float32", "bfloat16", "nf4"), default="float32")
    given = parser.parse_args(arguments)
    try:
        export(given.base, given.target, given.adapter, given.type, given.precision)
    except StudioError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
