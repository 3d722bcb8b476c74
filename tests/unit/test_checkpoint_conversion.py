"""Pickled checkpoints: what is taken over, what is refused, and that nothing in them runs."""

from __future__ import annotations

import argparse
import collections
import io
import json
import os
import pathlib
import pickle
import subprocess
import sys
import types
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.devices import checkpoint_reader
from crystal_studio.engines.devices.checkpoint_conversion import convert, main


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Make a class that pickles under the name of a library that is not there when it is read."""

    def make(module: str, name: str, base: type = object) -> type:
        made = type(name, (base,), {"__module__": module})
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            package = ".".join(parts[:end])
            monkeypatch.setitem(sys.modules, package, sys.modules.get(package) or types.ModuleType(package))
        setattr(sys.modules[module], name, made)
        return made

    return make


def read(folder: Path, content: Any, **settings: Any) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """What the reader makes of a saved object; without the limits, which have tests of their own."""
    source, target = folder / "source.ckpt", folder / "target"
    torch.save(content, source, **settings)
    target.mkdir()
    checkpoint_reader.read(source, target)
    return load_file(target / "weights.safetensors"), json.loads((target / "hyperparameters.json").read_text())


def canary_calls(canary: Path) -> dict[str, Any]:
    """Objects that would write the canary if anything in them ran."""
    write = f"open({str(canary)!r}, 'w').close()"
    return {
        "os.system": Call(os.system, f"touch {canary}"),
        "exec": Call(exec, write),
        "eval": Call(eval, write),
        "subprocess": Call(subprocess.Popen, ["touch", str(canary)]),
        "open": Call(open, str(canary), "w"),
        "pathlib": Call(pathlib.Path.touch, pathlib.Path(canary)),
        "getattr": Call(getattr, Call(__import__, "os"), "system"),
        "import": Call(__import__, "os"),
        "numpy": Call(_named("numpy.testing._private.utils", "runstring"), write, {}),
        "torch": Call(torch.hub.load, "nobody/nothing", "model"),
        "torch load": Call(torch.load, io.BytesIO),
        "codec": Call(_named("codecs", "open"), str(canary), "w"),
    }


def _named(module: str, name: str) -> Any:
    return getattr(__import__(module, fromlist=[name]), name)


@pytest.mark.parametrize("kind", sorted(canary_calls(Path("canary"))))
@pytest.mark.parametrize("place", ["hyper_parameters", "state_dict", "callbacks"])
def test_that_nothing_in_a_checkpoint_runs_and_what_would_is_named(tmp_path, kind, place):
    canary = tmp_path / "canary"
    content = {"state_dict": {"weight": torch.ones(2)}, "hyper_parameters": {"a": 1}}
    content |= {place: {"weight": torch.ones(2), "bad": canary_calls(canary)[kind]}}
    with pytest.raises(UserCorrectable, match=r"source\.ckpt asks for '.+', which no checkpoint needs"):
        read(tmp_path, content)
    assert not canary.exists()
    assert list((tmp_path / "target").iterdir()) == []


def test_that_a_bare_pickle_and_a_torchscript_archive_are_refused_unread(tmp_path):
    canary, source = tmp_path / "canary", tmp_path / "source.ckpt"
    source.write_bytes(pickle.dumps(Call(os.system, f"touch {canary}")))
    with pytest.raises(UserCorrectable, match="no checkpoint that can be read"):
        checkpoint_reader.read(source, tmp_path)
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("m/data.pkl", pickle.dumps({"weight": 1}))
        archive.writestr("m/constants.pkl", pickle.dumps(Call(os.system, f"touch {canary}")))
        archive.writestr("m/version", "3")
    with pytest.raises(UserCorrectable, match="no checkpoint that can be read"):
        checkpoint_reader.read(source, tmp_path)
    assert not canary.exists()


def test_that_weights_of_every_type_and_what_was_said_of_training_are_kept(tmp_path):
    state = {
        "single": torch.randn(3, 2),
        "half": torch.randn(4).to(torch.bfloat16),
        "whole": torch.arange(5),
        "number": torch.tensor(2.5),
        "turned": torch.randn(2, 3).T,
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
    }
    content = {"state_dict": state, "hyper_parameters": {"layers": 2, "rate": 1e-3, "names": ("a", "b"), "no": None}}
    weights, document = read(tmp_path, content | {"epoch": 7, "global_step": 9, "optimizer_states": [{"x": state}]})
    assert all(torch.equal(weights[name], value) for name, value in state.items())
    assert document["hyper_parameters"] == {"layers": 2, "rate": 1e-3, "names": ["a", "b"], "no": None}
    assert document["about"] == {"epoch": 7, "global_step": 9}


@pytest.mark.parametrize("settings", [{}, {"_use_new_zipfile_serialization": False}])
def test_that_a_file_that_is_a_state_dict_is_taken_in_either_format(tmp_path, settings):
    content = collections.OrderedDict(weight=torch.randn(3), bias=torch.randn(2))
    weights, document = read(tmp_path, content, **settings)
    assert torch.equal(weights["weight"], content["weight"])
    assert document["left_out"] == []


def test_that_weights_that_share_their_memory_are_written_once(tmp_path):
    weight = torch.randn(4, 4)
    weights, document = read(tmp_path, {"state_dict": {"first": weight, "again": weight, "part": weight[:2]}})
    assert set(weights) == {"first", "part"}
    assert document["same_as"] == {"again": "first"}


def test_that_known_containers_of_settings_become_plain_data(tmp_path, foreign):
    attributes = foreign("pytorch_lightning.utilities.parsing", "AttributeDict", dict)
    read_only = foreign("sacred.config.custom_containers", "ReadOnlyList", list)
    settings = attributes(lr=0.1, targets=read_only(["prompt"]))
    settings["inner"] = argparse.Namespace(depth=3, where=pathlib.PurePosixPath("/data/x"))
    settings["counts"] = collections.defaultdict(list, a=[1])
    settings["limit"] = float("inf")
    _, document = read(tmp_path, {"state_dict": {"w": torch.ones(1)}, "hyper_parameters": settings})
    assert document["hyper_parameters"] == {
        "lr": 0.1, "targets": ["prompt"], "inner": {"depth": 3, "where": "/data/x"}, "counts": {"a": [1]},
        "limit": "inf",
    }  # fmt: skip
    assert document["left_out"] == []


def test_that_nested_omegaconf_settings_are_unwrapped(tmp_path, foreign):
    container, node, meta = (
        foreign(module, name)
        for module, name in (
            ("omegaconf.dictconfig", "DictConfig"),
            ("omegaconf.nodes", "AnyNode"),
            ("omegaconf.base", "ContainerMetadata"),
        )
    )

    def leaf(value: Any) -> Any:
        made = node()
        made.__dict__.update(_val=value, _metadata=meta(), _parent=None)
        return made

    def tree(content: dict[str, Any]) -> Any:
        made = container()
        made.__dict__.update(_content=content, _metadata=meta(), _parent=None)
        return made

    settings = tree({"net": tree({"layers": leaf(3)}), "name": leaf("x")})
    _, document = read(tmp_path, {"state_dict": {"w": torch.ones(1)}, "hyper_parameters": {"cfg": settings}})
    assert document["hyper_parameters"] == {"cfg": {"net": {"layers": 3}, "name": "x"}}


def test_that_an_object_of_an_unknown_class_is_left_out_by_name(tmp_path, foreign):
    made = foreign("somebody.training", "Schedule")()
    made.secret = 1
    _, document = read(tmp_path, {"state_dict": {"w": torch.ones(1)}, "hyper_parameters": {"a": 1, "b": made}})
    assert document["hyper_parameters"] == {"a": 1, "b": None}
    assert document["left_out"] == ["somebody.training.Schedule"]


def test_that_a_weight_larger_than_its_data_is_refused(tmp_path):
    with pytest.raises(UserCorrectable, match=r"'w'.*larger than its data"):
        read(tmp_path, {"state_dict": {"w": torch.ones(1).expand(10**11)}})


def test_that_more_views_than_there_is_data_are_refused(tmp_path):
    weight = torch.ones(100_000)
    with pytest.raises(UserCorrectable, match="unfold to more than the file holds"):
        read(tmp_path, {"state_dict": {f"w{n}": weight[n:] for n in range(50)}})


def test_that_settings_that_unfold_without_end_are_refused(tmp_path):
    bomb: list[Any] = ["x"] * 10
    for _ in range(12):
        bomb = [bomb] * 10
    endless: list[Any] = []
    endless.append(endless)
    for index, settings in enumerate((bomb, endless)):
        (tmp_path / str(index)).mkdir()
        with pytest.raises(UserCorrectable, match="too many or too deep"):
            read(tmp_path / str(index), {"state_dict": {"w": torch.ones(1)}, "hyper_parameters": {"a": settings}})


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_that_a_truncated_checkpoint_is_refused(tmp_path, share):
    source = tmp_path / "source.ckpt"
    torch.save({"state_dict": {"w": torch.randn(2_000)}}, source)
    content = source.read_bytes()
    source.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserCorrectable, match="Fetch it again"):
        checkpoint_reader.read(source, tmp_path)


@pytest.mark.parametrize("content", [{"model": 3}, [torch.ones(1)], {"state_dict": {}}, torch.ones(3)])
def test_that_a_file_without_weights_by_name_is_refused(tmp_path, content):
    with pytest.raises(UserCorrectable, match="weights by name"):
        read(tmp_path, content)


def test_that_a_sparse_weight_is_refused_by_name(tmp_path):
    with pytest.raises(UserCorrectable, match=r"'w'.*not a plain tensor"):
        read(tmp_path, {"state_dict": {"w": torch.eye(3).to_sparse()}})


LIMITED = """
import socket, subprocess, sys, os
from pathlib import Path
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.devices.checkpoint_limits import forbid, leave_network, limit_process
folder, other = map(Path, sys.argv[1:])
leave_network()
limit_process(1_000)
forbid(folder)
def tried(act):
    try:
        act()
    except (UserCorrectable, MemoryError, OSError) as error:
        return type(error).__name__
    return "done"
print(tried(lambda: bytearray(9 * 2**30)), tried(socket.socket), tried(lambda: subprocess.run(["true"])),
      tried(lambda: os.system("true")), tried(os.fork), tried(lambda: (other / "x").write_text("x")),
      tried(lambda: os.open(other / "y", os.O_CREAT | os.O_WRONLY)), tried(lambda: os.remove(other)),
      tried(lambda: (folder / "x").write_text("x")), tried(lambda: (folder / "y").write_bytes(bytes(2**27))))
"""


def test_that_the_limited_process_has_no_memory_network_program_or_other_folder(tmp_path):
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "own"), str(tmp_path / "other")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    refused = ["UserCorrectable"] * 7
    assert done.stdout.split() == ["MemoryError", *refused, "done", "OSError"], done.stderr
    assert list((tmp_path / "other").iterdir()) == []


def test_that_a_checkpoint_is_converted_whole_by_the_process_of_its_own(tmp_path):
    torch.save({"state_dict": {"w": torch.arange(3.0)}, "hyper_parameters": {"a": 1}}, tmp_path / "good.ckpt")
    target = convert(tmp_path / "good.ckpt", tmp_path / "models" / "good")
    assert sorted(path.name for path in target.iterdir()) == ["hyperparameters.json", "weights.safetensors"]
    assert torch.equal(load_file(target / "weights.safetensors")["w"], torch.arange(3.0))
    with pytest.raises(UserCorrectable, match="there already"):
        convert(tmp_path / "good.ckpt", target)


def test_that_an_archive_that_claims_a_terabyte_is_refused_with_one_sentence_and_leaves_nothing(tmp_path, capsys):
    bomb = tmp_path / "bomb.ckpt"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b/data.pkl", bytes(1_000))
        archive.writestr("b/version", "3")
        archive.filelist[0].file_size = 2**40
    assert main([str(bomb), str(tmp_path / "models" / "bomb")]) == 2
    said = capsys.readouterr().err
    assert str(bomb) in said
    assert len(said.strip().splitlines()) == 1
    assert list((tmp_path / "models").iterdir()) == []


def test_that_a_missing_file_and_missing_arguments_are_said(tmp_path, capsys):
    assert main([str(tmp_path / "none.ckpt"), str(tmp_path / "x")]) == 2
    assert main([]) == 2
    assert "There is no file" in capsys.readouterr().err
