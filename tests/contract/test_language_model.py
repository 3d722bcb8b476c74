"""The language models keep the promises of their port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from language_model_contract import LanguageModelContract
from openai_server import serving, writes

from crystal_studio.engines.fake import ScriptedLanguageModel
from crystal_studio.engines.llm import llama_cpp, server
from crystal_studio.engines.llm.gguf_export import export
from crystal_studio.engines.llm.transformers_nf4 import create
from crystal_studio.training.sft_tiny import make_tiny

_SERVED_BY = ("llama_cpp", "fastapi", "uvicorn", "sse_starlette", "starlette_context", "pydantic_settings")


class TestScriptedLanguageModel(LanguageModelContract):
    @pytest.fixture
    def subject(self):
        return ScriptedLanguageModel()


@pytest.fixture(scope="module")
def tiny_base(tmp_path_factory):
    torch.set_num_threads(1)  # two threads on products this small wait for each other on a busy machine
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny(folder / "base", folder / "dialogues")
    return folder / "base"


class TestTransformersConstrained(LanguageModelContract):
    @pytest.fixture
    def subject(self, tiny_base):
        return create(tiny_base, {"precision": "float32", "max_tokens": 120})


class TestTransformersFree(LanguageModelContract):
    @pytest.fixture
    def subject(self, tiny_base):
        return create(tiny_base, {"precision": "float32", "max_tokens": 40, "constrained": False, "form": "prompted"})


class TestTransformersInt8(LanguageModelContract):
    @pytest.fixture
    def subject(self, tiny_base):
        return create(tiny_base, {"precision": "int8", "max_tokens": 120})


@pytest.fixture(scope="module")
def tiny_gguf(tiny_base):
    pytest.importorskip("llama_cpp", reason="the extra 'gguf' (llama-cpp-python) is not installed")
    return export(tiny_base, tiny_base.parent / "tiny-gguf", None, "f32").parent


class TestLlamaCppConstrained(LanguageModelContract):
    @pytest.fixture
    def subject(self, tiny_gguf):
        return llama_cpp.create(tiny_gguf, {"max_tokens": 120, "threads": 1})


class TestLlamaCppFree(LanguageModelContract):
    @pytest.fixture
    def subject(self, tiny_gguf):
        options = {"max_tokens": 40, "constrained": False, "form": "prompted", "threads": 1}
        return llama_cpp.create(tiny_gguf, options)


@pytest.mark.allow_hosts(["127.0.0.1"])
class TestScriptedServer(LanguageModelContract):
    @pytest.fixture
    def subject(self, tmp_path):
        with serving(writes()) as running:
            yield server.create(tmp_path, {"url": running.url, "model": "tiny"})


@pytest.fixture(scope="module")
def llama_server(tiny_gguf) -> Iterator[str]:
    """llama.cpp's own server, with the tiny model, on loopback."""
    missing = [name for name in _SERVED_BY if find_spec(name) is None]
    if missing:
        pytest.skip(f"llama-cpp-python[server] is not installed: {', '.join(missing)}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(tiny_gguf / "model.gguf"), "--n_ctx", "2048"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--n_threads", "1", "--chat_format", "chatml"]
    with (tiny_gguf.parent / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ), cwd=tiny_gguf)
    try:
        _wait_for(port, process, Path(log.name))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.fail(f"the server ended: {log.read_text(errors='replace')[-800:]}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"the server did not start: {log.read_text(errors='replace')[-800:]}")


@pytest.mark.allow_hosts(["127.0.0.1"])
class TestLlamaCppServer(LanguageModelContract):
    @pytest.fixture(params=["completions", "chat"])
    def subject(self, llama_server, tmp_path, request):
        options = {"url": llama_server, "model": "tiny", "form": "trained", "max_tokens": 12, "api": request.param}
        return server.create(tmp_path, options)
