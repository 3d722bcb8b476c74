"""`crystal-studio generate`: the language model writes one crystal of a formula and a space group."""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, StudioError
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.services.generate import (
    Generated,
    GenerateRequest,
    generate,
    refusal,
    task_of,
    write_cif,
)
from crystal_studio.services.library import refuse_overwriting


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("generate", help="have the language model write a crystal as a CIF")
    parser.add_argument("--formula", required=True, metavar="FORMULA", help="such as SrTiO3")
    parser.add_argument("--space-group", required=True, metavar="GROUP", help="number or symbol, such as 221 or Pm-3m")
    parser.add_argument("--e-above-hull", type=float, metavar="EV", help="energy above the hull to aim at, eV/atom")
    parser.add_argument("--seed", type=int, help="one number decides everything; drawn and told if not given")
    attempts = "texts that may be written before it is given up (%(default)s)"
    parser.add_argument("--attempts", type=int, default=GenerateRequest.attempts, metavar="N", help=attempts)
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="folder of the CIF (this one)")
    parser.add_argument("--overwrite", action="store_true", help="replace a CIF that is there")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Write the crystal; whatever happens, say how many texts it took."""
    answer: dict[str, Any] = {
        "formula": arguments.formula,
        "space_group": None,
        "e_above_hull": None,
        "seed": arguments.seed if arguments.seed is not None else secrets.randbelow(2**31),
        "cif": None,
        "engine": SamplingEngine.CRYSTEXT.value,
        "model": None,
        "attempts": 0,
        "tokens": 0,
        "seconds": 0.0,
        "refusals": [],
        "error": None,
    }
    try:
        _generate(arguments, program, answer)
    except StudioError as error:
        if not arguments.json:
            raise
        print_json({**answer, "error": str(error)}, program.out)
        return int(error.exit_status)
    if arguments.json:
        print_json(answer, program.out)
    else:
        print("\n".join(_lines(answer)), file=program.out)
    return int(ExitStatus.DONE)


def _generate(arguments: argparse.Namespace, program: Program, answer: dict[str, Any]) -> None:
    """Fill the answer in, as far as it comes."""
    task = task_of(arguments.formula, arguments.space_group, arguments.e_above_hull)
    request = GenerateRequest(task, answer["seed"], arguments.attempts)
    answer.update(formula=task.composition.formula, space_group=task.space_group, e_above_hull=task.e_above_hull_ev)
    path = (arguments.out / request.file_name).absolute()
    refuse_overwriting([path], arguments.overwrite)  # before anything is loaded
    engines = program.engines(None)
    with console_context(program.stop) as context:
        generated = generate(request, engines, context)
    answer.update(_told(generated))
    if generated.crystal is None:
        raise refusal(request, generated)
    write_cif(path, request, generated, engines.files, program.version, arguments.overwrite)
    answer["cif"] = str(path)


def _told(generated: Generated) -> dict[str, Any]:
    return {
        "model": generated.engine,
        "attempts": generated.attempts,
        "tokens": generated.tokens,
        "seconds": round(generated.seconds, 3),
        "refusals": list(generated.refusals),
    }


def _lines(answer: dict[str, Any]) -> list[str]:
    group = SpaceGroup(answer["space_group"])
    texts = "1 text" if answer["attempts"] == 1 else f"{answer['attempts']} texts"
    effort = f"{texts}, {answer['tokens']} tokens, {answer['seconds']:.1f} s"
    return [
        f"{answer['formula']}  {group.symbol} ({group.number})  seed {answer['seed']}",
        f"  written by  {answer['model']}, {effort}",
        *(f"  refused     {reason}" for reason in answer["refusals"]),
        f"  file        {answer['cif']}",
    ]
