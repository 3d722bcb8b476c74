"""A language model behind an OpenAI-compatible server, as the port wants it; the one engine that opens a socket.

::

    backend = "crystal_studio.engines.llm.server:create"

    [options]
    url = "http://127.0.0.1:8080"     # this machine; for another, see allow_other_host
    model = "qwen3-4b"                # as the server calls it
    allow_other_host = false          # true: each message and the described crystal leave this machine
    api = "auto"                      # "completions", or "chat" where a server has nothing else
    key_variable = "LAB_SERVER_KEY"   # an environment variable that holds a key, where the server wants one
    form = "prompted"                 # "trained" where it serves our own adapter
    silence_seconds = 60

What a server writes is free text: the limits are judged afterwards, as of any other model.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.engines.llm.plausibility import best_first
from crystal_studio.engines.llm.prompted_form import answer_in
from crystal_studio.engines.llm.server_address import ServerAddress, server_address
from crystal_studio.engines.llm.server_stream import Limits, Question, Refusal
from crystal_studio.engines.llm.writing import Writing, readable_part
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.language_model import WritingTask

_MAX_PROMPT_CHARACTERS = 12_000
_CHARACTERS_PER_TOKEN = 12  # no tokenizer writes more on the average: what is longer is cut
_COOLEST, _WARMER, _HOTTEST, _TOP_P = 0.7, 0.25, 1.5, 0.95
_SEEDS = 1 << 31
_APIS = {"completions": "/v1/completions", "chat": "/v1/chat/completions"}
_ABSENT = (404, 405, 501)


class ServerWriter:
    """Implements `ports.language_model.LanguageModel`.

    Args:
        address: of the server.
        model: as the server calls it.
        question: asks the server.
        writing: how the model is asked.
        apis: "completions" or "chat", tried in this order.
    """

    def __init__(
        self, address: ServerAddress, model: str, question: Question, writing: Writing, apis: tuple[str, ...]
    ) -> None:
        self._address = address
        self._model = model
        self._question = question
        self._apis = apis
        self.writing = writing

    @property
    def identity(self) -> str:
        """Name of the model, where it runs, and what leaves the machine."""
        if self._address.is_local:
            return f"{self._model} at {self._address}, on this machine"
        return f"{self._model} at {self._address}; each message and the described crystal leave this machine"

    def write_pivots(self, task: WritingTask, count: int, seed: int, context: JobContext) -> list[str]:
        """Ask for one alternative after the other: the likeliest first, the others drawn; all drawn when repairing.

        Raises:
            JobCancelled: stopped between two chunks.
            UserCorrectable: the message is too long.
            Unavailable: the server does not answer, or with something else.
        """
        context.check_cancelled()
        prompt = self.writing.prompt(task)
        if len(prompt) > _MAX_PROMPT_CHARACTERS:
            raise UserCorrectable("The message is too long for the language model. Say it in fewer words.")
        answers = []
        for index in range(count):
            drawn = index if index or not task.complaints else count
            answer = ""
            context.progress("writing", index / count)
            for piece in self._pieces(prompt, drawn, seed, context):
                answer += piece
                context.progress("writing", (index + min(len(answer) / self._longest, 1.0)) / count)
                if index == 0:
                    context.partial("token", piece)
                if self._is_whole(answer):
                    break
            answers.append(readable_part(answer_in(answer[: self._longest])))
        return best_first(answers, task.description)

    @property
    def _longest(self) -> int:
        return self.writing.budget * _CHARACTERS_PER_TOKEN

    def _is_whole(self, answer: str) -> bool:
        """Whether its first line has come to an end."""
        return len(answer) >= self._longest or ("\n" in answer.lstrip() and bool(answer_in(answer.rpartition("\n")[0])))

    def _pieces(self, prompt: str, index: int, seed: int, context: JobContext) -> Iterator[str]:
        """The text of one alternative as it comes, from the first interface that the server has."""
        refusal = None
        for api in self._apis:
            try:
                for found in self._question.stream(
                    _APIS[api], self._body(api, prompt, index, seed), context.check_cancelled
                ):
                    yield self._piece(found)
            except Refusal as error:
                refusal = error
                if error.status in _ABSENT:
                    continue
                break
            self._apis = (api,)
            return
        raise self._refused(refusal) from refusal

    def _body(self, api: str, prompt: str, index: int, seed: int) -> dict[str, Any]:
        asked: dict[str, Any] = (
            {"prompt": prompt} if api == "completions" else {"messages": [{"role": "user", "content": prompt}]}
        )
        return asked | {
            "model": self._model,
            "max_tokens": self.writing.budget,
            "temperature": 0.0 if index == 0 else min(_COOLEST + _WARMER * index, _HOTTEST),
            "top_p": 1.0 if index == 0 else _TOP_P,
            "seed": (seed * 1009 + index) % _SEEDS,
            "stream": True,
        }

    def _piece(self, found: Mapping[str, Any]) -> str:
        """The text of one chunk, "" where it holds none."""
        if "error" in found:
            raise self._trouble(f"reports an error: {str(found['error'])[:200]}")
        choices = found.get("choices")
        if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
            raise self._trouble("sent an answer without choices")
        if not choices:
            return ""  # figures about the answer come in a chunk of their own
        part = choices[0].get("delta") or choices[0].get("message")
        text = part.get("content") if isinstance(part, dict) else choices[0].get("text")
        if text is not None and not isinstance(text, str):
            raise self._trouble("sent an answer whose text is no text")
        return text or ""

    def _refused(self, refusal: Refusal | None) -> Unavailable:
        said = " ".join((refusal.said if refusal else "").split())[:200]
        status = refusal.status if refusal else 0
        if status in _ABSENT:
            return self._trouble(f"has no model '{self._model}', or is not OpenAI-compatible (it says: {said})")
        if status in (401, 403):
            return self._trouble("wants a key: name the environment variable that holds it in 'key_variable'")
        return self._trouble(f"refused with the status {status} (it says: {said})")

    def _trouble(self, what: str) -> Unavailable:
        return Unavailable(f"The language-model server {self._address} {what}. Check the server and the model's card.")


def create(_folder: Path, options: Mapping[str, Any]) -> ServerWriter:
    """Factory for ``model.toml``; opens no connection yet.

    Args:
        options: ``url``, ``model``, ``allow_other_host``, ``api``, ``key_variable``, ``silence_seconds``, and the
            fields of `Writing`.

    Raises:
        UserCorrectable: the address is of another machine without permission, or something is missing.
    """
    if not options.get("url") or not options.get("model"):
        raise UserCorrectable("A server's card needs the options 'url' and 'model'. Add them.")
    address = server_address(str(options["url"]), options.get("allow_other_host") is True)
    silence = float(options.get("silence_seconds", Limits.silence_seconds))
    question = Question(address, Limits(silence_seconds=silence), _key(options.get("key_variable")))
    api = options.get("api", "auto")
    if api != "auto" and api not in _APIS:
        raise UserCorrectable(f"The option 'api' is '{api}'; it can be auto, completions or chat.")
    writing = Writing.chosen({"form": "prompted"} | dict(options))
    return ServerWriter(address, str(options["model"]), question, writing, tuple(_APIS) if api == "auto" else (api,))


def _key(variable: Any) -> str | None:
    """What the environment variable holds; a key never stands in a card."""
    if variable is None:
        return None
    if not os.environ.get(str(variable)):
        raise UserCorrectable(f"The server's key is missing: set the environment variable {variable}.")
    return os.environ[str(variable)]
