"""The verbs `compress` and `decompress`: sentences as codes of some bytes, or without loss.

Lossy, a sentence is the discrete code of its vector, and comes back as what the decoder generates from it.
Without loss, its tokens are coded by a range coder with the probabilities of the decoder, after its code; so
a sentence takes −log₂ p(x | code) bits and those of its code, and comes back byte for byte.

Probabilities must be the same on both sides. Both compute them step by step for the same block of sentences,
on the CPU in one thread; the file holds a hash of the weights, the tokenizer and the library.

The file is over 250 lines long because both directions stand in one class.

Reference:
    "Language modeling is compression", Delétang et al., ICLR 2024.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from sentrep.data.inputs import texts_of
from sentrep.inference.code_file import Block, Header, damaged, read_codes, write_codes
from sentrep.inference.runs import RunRecord, TrainedMethod, open_run
from sentrep.inference.text_residual import ResidualCoder, utf8
from sentrep.methods.capabilities import HasCodes
from sentrep.modules.range_coder import RangeDecoder, RangeEncoder, cumulative_counts
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.progress import progress
from sentrep.utils.settings import arguments_checked

if TYPE_CHECKING:
    import torch

    from sentrep.modules.decoding import Generator

NextToken = Callable[[int, int, Sequence[int], int], int]
"""Codes or reads a token: from sentence, step, cumulative counts and the id of the end to the token."""
BLOCK_SIZE = 64
"""Sentences in a block; their next tokens are computed together."""
BAD_CODE = (ValueError, IndexError, ZeroDivisionError)
"""What decoding raises for bytes that encoding did not write with the same probabilities."""
BYTE = range(257)
"""Cumulative counts of a byte whose values are all equally likely."""


class Compressed(NamedTuple):
    """A written file."""

    sentences: int
    bytes: int
    text_bytes: int
    """Bytes of the sentences as UTF-8, a line each."""


@arguments_checked
def compress(
    run: str | Path | RunRecord, sentences: Sequence[str], out: str | Path, lossy: bool = False
) -> Compressed:
    """Write sentences to a compressed file.

    Args:
        run: folder of a run with discrete codes (vq-vae), or of a language model (vae of latent width 0).
        sentences: any texts.
        out: the file.
        lossy: keep the codes only.

    Returns:
        The number of sentences, the bytes of the file, and those of the sentences as UTF-8.

    Raises:
        InputError: the run has no discrete codes, `lossy` is given for a language model, or a text cannot be
            restored on this machine.

    Example:
        >>> written = sentrep.compress("runs/vq-vae", ["The ship left."], "codes.sz", lossy=True)
        >>> written.sentences, written.bytes == Path("codes.sz").stat().st_size
        (1, True)
    """
    coder, texts = Compressor(open_run(run, HasCodes, "compress")), texts_of(sentences, "sentences")
    starts = range(0, len(texts), BLOCK_SIZE)
    shown = progress(starts, "compressing", len(starts), f"block of {BLOCK_SIZE}")
    blocks = [coder.block(texts[start : start + BLOCK_SIZE], lossy) for start in shown]
    size = write_codes(Path(out), Header(lossy, coder.identity, len(texts)), blocks)
    return Compressed(len(texts), size, sum(len(utf8(text)) + 1 for text in texts))


@arguments_checked
def decompress(run: str | Path | RunRecord, file: str | Path) -> list[str]:
    """Read the sentences of a compressed file.

    Args:
        run: the run that it was compressed with.
        file: what `compress` has written.

    Returns:
        The sentences, in order; of a lossy file, what the decoder generates from the codes.

    Raises:
        InputError: the file is damaged, or was made with another model or on another kind of machine.

    Example:
        >>> written = sentrep.compress("runs/vq-vae", ["The ship left.", "A cat."], "two.sz", lossy=True)
        >>> len(sentrep.decompress("runs/vq-vae", "two.sz"))
        2
    """
    path, coder = Path(file), Compressor(open_run(run, HasCodes, "decompress"))
    header, blocks = read_codes(path)
    if header.model != coder.identity:
        raise InputError(
            f"{at(path)} was compressed with another model, or with another version of torch or kind of "
            f"processor, than {coder.trained.record.path} here; use that run on such a machine"
        )
    found: list[str] = []
    for block in blocks:
        found += coder.generated(block) if header.lossy else coder.restored(block, path)
    return found


@contextmanager
def one_thread() -> Iterator[None]:
    """Computes in one thread: with more, sums may be rounded otherwise."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Compressor:
    """Codes blocks of sentences with a trained method."""

    def __init__(self, trained: TrainedMethod) -> None:
        self.trained, self.method = trained, cast(HasCodes, trained.method)
        self.tokenizer, self.identity = trained.tokenizer, identity(trained)
        self.longest = trained.record.max_tokens

    def block(self, texts: list[str], lossy: bool) -> Block:
        """One block of a file.

        Raises:
            InputError: the codes are empty, or a text cannot be restored.
        """
        with one_thread():
            codes = self.method.pack(self.trained.vectors(texts))
            if lossy and not codes.shape[1]:
                raise InputError(
                    f"{opt('lossy')}: a language model has no codes to keep; take a run of vq-vae"
                )
            if lossy:
                return Block(len(texts), 0, codes.numpy().tobytes())
            block = Block(len(texts), _crc(texts), self._encoded(texts, codes))
        if lost := self._lost(block, texts):
            raise InputError(
                f"{lost:,} sentences cannot be restored exactly on this machine; give {opt('lossy')}, or "
                "another run"
            )
        return block

    def generated(self, block: Block) -> list[str]:
        """What the decoder generates from the codes of a block."""
        import torch

        from sentrep.modules.decoding import Constraints, greedy_search

        packed = torch.frombuffer(bytearray(block.data), dtype=torch.uint8).view(block.sentences, -1)
        with torch.no_grad():
            generator = self.method.packed_generator(packed)
        forbidden = tuple(self.tokenizer.ungenerated - {generator.end})
        shortest = 1 + sum(map(len, self.tokenizer.around))
        limits = Constraints(min(shortest, self.longest), self.longest, forbidden)
        return [self.tokenizer.decode(found.tokens) for found in greedy_search(generator, limits)]

    def restored(self, block: Block, path: Path) -> list[str]:
        """The sentences of a block.

        Raises:
            InputError: they are not those that were compressed.
        """
        try:
            texts = self._decoded(block)
        except BAD_CODE as error:
            raise damaged(path, str(error)) from error
        if _crc(texts) != block.text_crc:
            raise damaged(path, "the text does not have its checksum")
        return texts

    def _lost(self, block: Block, texts: list[str]) -> int:
        """Number of texts that do not come back from their block."""
        try:
            found = self._decoded(block)
        except BAD_CODE:
            return len(texts)
        return sum(one != other for one, other in zip(found, texts, strict=True))

    def _encoded(self, texts: list[str], codes: torch.Tensor) -> bytes:
        """The codes, then the tokens step by step, then the differences between the decoded tokens and the
        texts."""
        encoder, residual = RangeEncoder(), ResidualCoder()
        for byte in codes.flatten().tolist():
            encoder.encode(BYTE, byte)
        rows = [self._tokens(text) for text in texts]

        def known(place: int, step: int, counts: Sequence[int], end: int) -> int:
            token = rows[place][step] if step < len(rows[place]) else end
            encoder.encode(counts, token)
            return token

        self._walk(self.method.packed_generator(codes), known)
        for row, text in zip(rows, texts, strict=True):
            residual.encode(encoder, self.tokenizer.decode(row), text)
        return encoder.finish()

    @one_thread()
    def _decoded(self, block: Block) -> list[str]:
        """What the codes and tokens of a block say, whether or not it is what was compressed."""
        import torch

        decoder, residual = RangeDecoder(block.data), ResidualCoder()
        width = self.method.pack(self.trained.vectors(["a"])).shape[1]
        packed = [decoder.decode(BYTE) for _ in range(block.sentences * width)]
        codes = torch.tensor(packed, dtype=torch.uint8).view(block.sentences, width)
        generator, rows = self.method.packed_generator(codes), [list[int]() for _ in range(block.sentences)]

        def unknown(place: int, step: int, counts: Sequence[int], end: int) -> int:
            token = decoder.decode(counts)
            rows[place] += [token] * (token != end)
            return token

        self._walk(generator, unknown)
        return [residual.decode(decoder, self.tokenizer.decode(row)) for row in rows]

    def _walk(self, generator: Generator, next_token: NextToken) -> None:
        """Goes through all sentences of a block step by step, the same way for both directions.

        Sentences that have ended stay in the batch, so that each product has the same shape on both sides.
        """
        import torch

        advance, state, end = generator
        count = len(state[0])
        last, active = torch.zeros(count, dtype=torch.long), list(range(count))
        for step in range(self.longest + 1):
            with torch.no_grad():
                log_prob, state = advance(last if step else None, state)
            counts = cumulative_counts(log_prob[active].numpy())
            for row, place in enumerate(list(active)):
                last[place] = token = next_token(place, step, counts[row].tolist(), end)
                if token == end:
                    active.remove(place)
                    last[place] = 0
            if not active:
                return
        raise ValueError("a sentence does not end")

    def _tokens(self, text: str) -> list[int]:
        return self.tokenizer.encode(text)[: self.longest]


def identity(trained: TrainedMethod) -> bytes:
    """SHA-256 of what probabilities depend on: weights, tokenizer, version of torch, kind of processor."""
    import torch

    found = hashlib.sha256(f"{torch.__version__} {torch.backends.cpu.get_cpu_capability()}".encode())
    found.update(trained.tokenizer.fingerprint.encode())
    for name, value in sorted(trained.method.state_dict().items()):
        found.update(name.encode())
        found.update(value.detach().contiguous().numpy().tobytes())
    return found.digest()


def _crc(texts: list[str]) -> int:
    return zlib.crc32(b"\n".join(map(utf8, texts)))
