"""llama.cpp as a model of tokens: one context, a sequence for each text, scores as NumPy arrays.

Only the C interface of the package llama-cpp-python is used; its class `Llama` would compile the file's chat template.

Letters of the shapes: N places that are scored, V tokens of the vocabulary.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.errors import Unavailable, UserCorrectable

_SHARED = 0  # the sequence of the first tokens
_SEQUENCES = 64
_FED_AT_ONCE = 512
_ROOM = 1024  # contexts come in these steps, so that a longer message seldom needs a new one
_FLOAT32 = 0  # GGML_TYPE_F32
_NO_FLASH = 0  # LLAMA_FLASH_ATTN_TYPE_DISABLED: on the processor it rounds the keys to half precision
_LONGEST_PIECE = 512


@dataclass(frozen=True)
class Runtime:
    """How a file is run.

    Attributes:
        on_card: whether layers go to the card where there is one.
        full_cache: whether keys and values are kept in single precision.
        threads: of the processor.
    """

    on_card: bool = True
    full_cache: bool = False
    threads: int = 1


class LlamaCppModel:
    """Implements `token_rows.TokenModel`.

    Args:
        identity: shown on each message.
        weights: the GGUF file.
        runtime: how it is run.

    Raises:
        Unavailable: the file is none that this llama.cpp can run.
    """

    def __init__(self, identity: str, weights: Path, runtime: Runtime) -> None:
        import llama_cpp

        self._identity = identity
        self._runtime = runtime
        llama_cpp.llama_log_set(_said, None)
        wanted = llama_cpp.llama_model_default_params()
        wanted.n_gpu_layers = -1 if runtime.on_card else 0
        _LAST_WORDS.clear()
        self._model = llama_cpp.llama_model_load_from_file(str(weights).encode(), wanted)
        if not self._model:
            why = "; ".join(_LAST_WORDS)[-300:] or "no reason was given"
            raise Unavailable(f"llama.cpp cannot load '{weights.name}' ({why}). Import another file.")
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._width = int(llama_cpp.llama_vocab_n_tokens(self._vocab))
        self._held = [self._model]
        weakref.finalize(self, _release, self._held)
        self._context: Any = None
        self._room = 0
        self._shared: tuple[int, ...] = ()

    @property
    def identity(self) -> str:
        """Name of the model."""
        return self._identity

    @cached_property
    def vocabulary(self) -> Any:
        """llguidance's view of the tokenizer."""
        from llguidance.llamacpp import lltokenizer_from_vocab

        return lltokenizer_from_vocab(self._vocab, n_vocab=self._width)

    def tokens(self, text: str) -> list[int]:
        """Numbers of a text."""
        import llama_cpp

        said = text.encode()
        room = len(said) + 8
        buffer = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocab, said, len(said), buffer, room, False, True)
        if count < 0:
            raise Unavailable(f"llama.cpp cannot read this text as tokens ({count}). Say it in other words.")
        return list(buffer[:count])

    def text(self, tokens: Sequence[int]) -> str:
        """The text of token numbers."""
        return b"".join(self._piece(token) for token in tokens).decode(errors="replace")

    def stop_tokens(self, words: Sequence[str]) -> frozenset[int]:
        """The token that ends a text, and those of the words that are tokens of their own."""
        import llama_cpp

        alone = [found[0] for word in words if len(found := self.tokens(word)) == 1]
        return frozenset({int(llama_cpp.llama_vocab_eos(self._vocab)), *alone} - {-1})

    def begin(self, first: Sequence[int], most_tokens: int) -> LlamaCppBeginning:
        """Keys and values of the first tokens; kept for as long as prompts begin with exactly these."""
        import llama_cpp

        self._make_room(most_tokens)
        memory = llama_cpp.llama_get_memory(self._context)
        if self._shared != tuple(first):
            self._shared = ()
            llama_cpp.llama_memory_clear(memory, False)
            LlamaCppRows(self._context, self._width, {}, 0).feed_shared(first)
            self._shared = tuple(first)
        for sequence in range(1, _SEQUENCES):
            llama_cpp.llama_memory_seq_rm(memory, sequence, -1, -1)
        return LlamaCppBeginning(self._context, self._width, len(first))

    def _piece(self, token: int) -> bytes:
        import llama_cpp

        buffer = ctypes.create_string_buffer(_LONGEST_PIECE)
        length = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, _LONGEST_PIECE, 0, True)
        return buffer.raw[: max(length, 0)]

    def _make_room(self, most_tokens: int) -> None:
        """A context for so many tokens of all sequences together."""
        import llama_cpp

        if most_tokens <= self._room:
            return
        if self._context:
            llama_cpp.llama_free(self._held.pop())
            self._context, self._shared, self._room = None, (), 0
        room = _ROOM * -(-most_tokens // _ROOM)
        wanted = llama_cpp.llama_context_default_params()
        wanted.n_ctx, wanted.n_batch, wanted.n_ubatch = room, _FED_AT_ONCE, _FED_AT_ONCE
        wanted.n_seq_max, wanted.kv_unified = _SEQUENCES, True
        wanted.n_threads = wanted.n_threads_batch = self._runtime.threads
        if self._runtime.full_cache:
            wanted.type_k = wanted.type_v = _FLOAT32
            wanted.flash_attn_type = _NO_FLASH
        self._context = llama_cpp.llama_init_from_model(self._model, wanted)
        if not self._context:
            raise Unavailable(f"There is no memory for a context of {room} tokens. Use a smaller model.")
        self._held.append(self._context)
        self._room = room


@dataclass(frozen=True)
class LlamaCppBeginning:
    """Implements `token_rows.Begun`: the sequence that holds the first tokens."""

    context: Any
    width: int
    length: int

    def rows(self, continued: Mapping[int, int]) -> LlamaCppRows:
        """Texts that go on from here."""
        return LlamaCppRows(self.context, self.width, continued, self.length)


class LlamaCppRows:
    """Implements `token_rows.TokenRows`: all rows advance in one batch.

    Args:
        context: of llama.cpp; its sequence 0 holds the first tokens.
        width: of the vocabulary.
        continued: row -> the row whose tokens it goes on from.
        length: of the first tokens.
    """

    def __init__(self, context: Any, width: int, continued: Mapping[int, int], length: int) -> None:
        self._context = context
        self._width = width
        self._continued = continued
        self._sequences: dict[int, int] = {}
        self._lengths = {_SHARED: length}

    def feed_shared(self, tokens: Sequence[int]) -> None:
        """Compute the first tokens themselves."""
        self._feed([(token, place, _SHARED) for place, token in enumerate(tokens)], set())

    def advance(
        self,
        tokens_of: Mapping[int, Sequence[int]],
        scored: NDArray[np.int64] | None,
        places: Mapping[int, int] | None = None,
    ) -> NDArray[np.float64]:
        """Feed the next tokens of some rows; see `token_rows.TokenRows`."""
        fed: list[tuple[int, int, int]] = []
        wanted: set[int] = set()
        for row, tokens in tokens_of.items():
            sequence = self._sequence(row)
            start = self._lengths[sequence]
            fed += [(token, start + step, sequence) for step, token in enumerate(tokens)]
            wanted |= set(range(len(fed) - (places or {}).get(row, 1), len(fed)))
            self._lengths[sequence] = start + len(tokens)
        scores_NV = self._feed(fed, wanted)
        return (scores_NV if scored is None else scores_NV[:, scored]).astype(np.float64)

    def forget(self, row: int, count: int) -> None:
        """Take back the last tokens of a row."""
        import llama_cpp

        sequence = self._sequence(row)
        self._lengths[sequence] -= count
        memory = llama_cpp.llama_get_memory(self._context)
        llama_cpp.llama_memory_seq_rm(memory, sequence, self._lengths[sequence], -1)

    def _sequence(self, row: int) -> int:
        """The sequence of a row; a new one begins with the tokens that the row goes on from."""
        import llama_cpp

        if row not in self._sequences:
            before = self._sequences.get(self._continued.get(row, row), _SHARED)
            sequence = len(self._sequences) + 1
            if sequence == _SEQUENCES:
                raise UserCorrectable(f"At most {_SEQUENCES // 2} alternatives fit into one batch. Ask for fewer.")
            llama_cpp.llama_memory_seq_cp(llama_cpp.llama_get_memory(self._context), before, sequence, -1, -1)
            self._sequences[row], self._lengths[sequence] = sequence, self._lengths[before]
        return self._sequences[row]

    def _feed(self, fed: Sequence[tuple[int, int, int]], wanted: set[int]) -> NDArray[np.float32]:
        """Run tokens, given with their places and sequences; scores behind the wanted ones, shape (N, V)."""
        import llama_cpp

        scores: list[NDArray[np.float32]] = []
        for start in range(0, len(fed), _FED_AT_ONCE):
            part = fed[start : start + _FED_AT_ONCE]
            batch = llama_cpp.llama_batch_init(len(part), 0, 1)
            try:
                self._fill(batch, part, {place - start for place in wanted})
                status = llama_cpp.llama_decode(self._context, batch)
            finally:
                llama_cpp.llama_batch_free(batch)
            if status:
                raise Unavailable(f"llama.cpp stopped with the status {status}. Use a smaller model, or the CPU.")
            scores += [self._scores(place - start) for place in sorted(wanted) if 0 <= place - start < len(part)]
        return np.stack(scores) if scores else np.empty((0, self._width), dtype=np.float32)

    def _fill(self, batch: Any, part: Sequence[tuple[int, int, int]], wanted: set[int]) -> None:
        batch.n_tokens = len(part)
        for index, (token, place, sequence) in enumerate(part):
            batch.token[index] = token
            batch.pos[index] = place
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = sequence
            batch.logits[index] = index in wanted

    def _scores(self, place: int) -> NDArray[np.float32]:
        import llama_cpp

        found = llama_cpp.llama_get_logits_ith(self._context, place)
        return np.ctypeslib.as_array(found, shape=(self._width,)).copy()


def _release(held: list[Any]) -> None:
    """Free a model, and behind it its context."""
    import llama_cpp

    for context in held[1:]:
        llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(held[0])


_LAST_WORDS: list[str] = []
_ERROR = 3  # GGML_LOG_LEVEL_ERROR


def _remember(level: int, text: bytes, _data: Any) -> None:
    """llama.cpp writes its messages to the terminal unless somebody takes them."""
    if level == _ERROR:
        _LAST_WORDS.append(text.decode(errors="replace").strip())
        del _LAST_WORDS[:-4]


_said = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(_remember)
