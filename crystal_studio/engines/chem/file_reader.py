"""The program of the child process that reads one crystal file under limits: one path in, one JSON object out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from crystal_studio.domain.errors import UserCorrectable

MAX_MEMORY_BYTES = 1 << 30
MAX_CPU_SECONDS = 5


def main() -> None:
    """Read the file named by the first argument; print its crystal, or an error for the person."""
    import pymatgen.io.cif  # noqa: F401  # loading libraries is not the file's fault: before the limits

    _limit()
    print(json.dumps(_answer(Path(sys.argv[1]))))  # noqa: T201


def _answer(path: Path) -> dict[str, object]:
    from crystal_studio.engines.chem.file_formats import parse_crystal

    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
        return {"crystal": parse_crystal(text, path.name).to_dict()}
    except UserCorrectable as error:
        return {"error": str(error)}
    except OSError as error:
        return {"error": f"'{path.name}' cannot be read ({error.strerror}). Check its permissions."}
    except MemoryError:
        return {"error": f"'{path.name}' needs more than 1 GB to read. Export a smaller cell."}


def _limit() -> None:
    """Limit memory, processor time and what may be written; where the platform cannot, the parent's clock remains."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + MAX_CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
