"""Stage ``bandgap``: features, an ensemble of small nets, its calibration and its card.

    python -m crystal_studio.training.bandgap prepare|train|evaluate|export --data FOLDER --output runs/bandgap

Trained on `train`, stopped and calibrated on `val`, reported on `megnet_test`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crystal_studio.domain.elements import ELEMENTS
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.predictors.composition_features import LARGEST_NUMBER, PROPERTY_COUNT
from crystal_studio.engines.predictors.geometry_features import crystal_features
from crystal_studio.training.bandgap_export import export
from crystal_studio.training.bandgap_fit import Samples, evaluate, say, train
from crystal_studio.training.data import DATA_VARIABLE, read_json_lines

SPLITS = ("train", "val", "megnet_test")


def prepare(data: Path, output: Path) -> None:
    """Compute the features of every crystal with a known gap and store them by split."""
    output.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        records = [r for r in read_json_lines(data / "crystals" / f"{split}.jsonl.gz") if r.band_gap_ev is not None]
        np.savez(
            output / f"{split}.npz",
            features=np.stack([crystal_features(r.crystal) for r in records]).astype(np.float32),
            gaps=np.array([r.band_gap_ev for r in records], dtype=np.float32),
            sizes=np.array([len(r.crystal) for r in records], dtype=np.int64),
        )
        say({"split": split, "crystals": len(records)})


def load(output: Path, split: str) -> Samples:
    """Features and gaps of one split.

    Raises:
        UserCorrectable: `prepare` has not been run.
    """
    path = output / f"{split}.npz"
    if not path.exists():
        raise UserCorrectable(f"There is no '{path}'. Run 'python -m crystal_studio.training.bandgap prepare' first.")
    with np.load(path, allow_pickle=False) as arrays:
        return Samples(arrays["features"], arrays["gaps"], arrays["sizes"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage."""
    options = _parser().parse_args(arguments)
    output = Path(options.output)
    if options.action == "prepare":
        prepare(Path(options.data), output)
    elif options.action == "train":
        train(load(output, "train"), load(output, "val"), output, members=options.members, epochs=options.epochs)
    elif options.action == "evaluate":
        say(evaluate(load(output, options.split), output))
    else:
        metrics = {split: evaluate(load(output, split), output) for split in ("val", "megnet_test")}
        fitted = load(output, "train")
        export(output, Path(options.card), metrics, len(fitted.gaps), _elements_of(fitted))


def _elements_of(samples: Samples) -> list[str]:
    """Elements that at least one crystal holds, from the columns of their fractions."""
    first = 4 * PROPERTY_COUNT
    seen = (samples.features[:, first : first + LARGEST_NUMBER] > 0).any(axis=0)
    return [ELEMENTS[index].symbol for index in np.flatnonzero(seen)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.bandgap", description=__doc__)
    parser.add_argument("action", choices=["prepare", "train", "evaluate", "export"])
    parser.add_argument("--data", default=os.environ.get(DATA_VARIABLE, "data"), help=f"folder (or ${DATA_VARIABLE})")
    parser.add_argument("--output", default="runs/bandgap")
    parser.add_argument("--card", default="models_registry/predictor/band-gap-mp", help="folder to export to")
    parser.add_argument("--split", default="val", choices=SPLITS)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=60)
    return parser


if __name__ == "__main__":
    main()
