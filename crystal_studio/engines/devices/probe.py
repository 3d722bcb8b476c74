"""Tries torch, its cards and bitsandbytes' kernels: `python -m crystal_studio.engines.devices.probe`.

A process of its own, because a broken driver or library may end the one that loads it. One JSON object on stdout;
what libraries print goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
from time import perf_counter
from typing import Any

_SIDE = 256
# Of normal deviates in blocks of 64. The mean error of NF4 is 0.073 of a standard deviation (measured here), that of
# int8 less; a kernel that computes something else is far beyond.
_LARGEST_ERROR = 0.15
_FAILURES = (RuntimeError, ValueError, AttributeError, ImportError, NotImplementedError, OSError, AssertionError)


def main() -> int:
    """Say what was found."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    out.write(json.dumps({"torch": _torch(), "bitsandbytes": _bitsandbytes()}) + "\n")
    out.flush()
    return 0


def _torch() -> dict[str, Any]:
    try:
        import torch
    except _FAILURES as error:
        return {"problem": _words(error)}
    found: dict[str, Any] = {
        "version": torch.__version__,
        "built_for_cuda": torch.version.cuda,
        "processor": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "cards": [],
    }
    if torch.version.cuda is None:
        return found
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
        found["cards"] = [_card(torch, index) for index in range(torch.cuda.device_count())]
    except _FAILURES as error:
        found["cuda_problem"] = _words(error)
    return found


def _card(torch: Any, index: int) -> dict[str, Any]:
    """A card, and whether it multiplies as the processor does."""
    free, total = torch.cuda.mem_get_info(index)
    card = {
        "name": torch.cuda.get_device_name(index),
        "memory_mb": total // 10**6,
        "free_mb": free // 10**6,
        "compute": ".".join(map(str, torch.cuda.get_device_capability(index))),
    }
    try:
        numbers = torch.arange(_SIDE * _SIDE, dtype=torch.float32).reshape(_SIDE, _SIDE) / _SIDE**2
        product = (numbers.to(f"cuda:{index}") @ numbers.to(f"cuda:{index}")).cpu()
        if not torch.allclose(product, numbers @ numbers, rtol=1e-2):
            card["problem"] = "it multiplies wrongly"
    except _FAILURES as error:
        card["problem"] = _words(error)
    return card


def _bitsandbytes() -> dict[str, Any]:
    try:
        import bitsandbytes
        import torch
        from bitsandbytes import cextension
    except _FAILURES as error:
        return {"problem": _words(error)}
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    return {
        "version": bitsandbytes.__version__,
        "library": type(cextension.lib).__name__,
        "has_cuda_kernels": bool(getattr(cextension.lib, "compiled_with_cuda", False)),
        "kernels": {f"{name} {device}": _tried(name, device) for device in devices for name in ("nf4", "int8")},
    }


def _tried(name: str, device: str) -> dict[str, Any]:
    """Error and time of one kind of numbers on one device, or why there are none."""
    import torch

    exact = torch.randn(_SIDE, _SIDE, generator=torch.Generator().manual_seed(0)).to(device)
    started = perf_counter()
    try:
        error = float((_round_trip(name, exact).float() - exact).abs().mean().cpu())
    except _FAILURES as failure:
        return {"problem": _words(failure)}
    found: dict[str, Any] = {"error": round(error, 4), "seconds": round(perf_counter() - started, 4)}
    return found if error < _LARGEST_ERROR else {**found, "problem": f"the mean error is {error:.3f}"}


def _round_trip(name: str, exact: Any) -> Any:
    """Numbers in 4 or 8 bit and back."""
    from bitsandbytes import functional

    if name == "nf4":
        packed, state = functional.quantize_4bit(exact, quant_type="nf4", blocksize=64)
        return functional.dequantize_4bit(packed, state)
    rows, scales, _outliers = functional.int8_vectorwise_quant(exact.half())
    return rows.float() * scales[:, None] / 127


def _words(error: BaseException) -> str:
    """The first line of what a library said."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


if __name__ == "__main__":
    sys.exit(main())
