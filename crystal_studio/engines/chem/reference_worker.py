"""The program of the child that reads and reduces crystals for a reference set: JSON lines in, JSON lines out.

A request holds the `path` of a crystal file, or the `text` of one crystal as JSON; the answer holds the reduced
`crystal` with its `space_group`, or an `error`.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.file_reader import MAX_CPU_SECONDS, MAX_MEMORY_BYTES


def main() -> None:
    """Answer until the input ends."""
    import pymatgen.core.structure_matcher
    import pymatgen.io.cif  # noqa: F401  # loading libraries is nobody's fault: before the limits

    warnings.simplefilter("ignore")
    _limit_memory()
    _say({})
    for line in sys.stdin:
        _limit_time()
        _say(_answer(json.loads(line)))


def _answer(request: dict[str, str]) -> dict[str, Any]:
    from crystal_studio.engines.chem.file_formats import parse_crystal
    from crystal_studio.engines.chem.reference_cell import reference_cell

    try:
        if "path" in request:
            path = Path(request["path"])
            crystal = parse_crystal(path.read_bytes().decode("utf-8", errors="replace"), path.name)
        else:
            crystal = parse_crystal(request["text"], "crystal.json")
        cell = reference_cell(crystal)
    except UserCorrectable as error:
        return {"error": str(error)}
    except OSError as error:
        return {"error": f"The file cannot be read ({error.strerror}). Check its permissions."}
    except MemoryError:
        return {"error": "The crystal needs more than 1 GB to read. Export a smaller cell."}
    except (ValueError, ArithmeticError, LookupError, TypeError, RuntimeError) as error:
        # Reduction states no errors of its own: a lattice without volume is a LinAlgError, no Niggli cell a ValueError.
        return {"error": f"The cell cannot be reduced ({type(error).__name__}). Check its lattice."}
    return {"crystal": cell.crystal.to_dict(), "space_group": cell.space_group}


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _limit_memory() -> None:
    """Limit memory and core files; where the platform cannot, the parent's clock remains."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time() -> None:
    """Processor time from here on; the signal of the soft limit ends the process."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + MAX_CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    main()
