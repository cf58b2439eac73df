"""What a method can provide besides sentence vectors. Each capability is one protocol on batches of tokens.

The registry lists the capabilities of each method. `sentrep.inference` uses them to give a trained model the
capabilities on texts that `sentrep.utils.capabilities` names:

    HasDecoders      sentrep generate
    HasPrior         sentrep generate with vectors from the prior
    HasStyle         sentrep generate with the style of a document
    HasCodes         sentrep compress and decompress
    HasSummarizer    sentrep summarize, `Summarizes`
    HasTrees         sentrep parse, `Parses`
    HasLikelihood    perplexity of the parsing task, `ScoresLikelihood`
    HasContext       sentrep embed --context

This module imports no torch, so that a command can refuse a run before it opens a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from jaxtyping import Float, Int, UInt8
    from torch import Tensor

    from sentrep.data.batch import SentenceBatch
    from sentrep.modules.decoding import Generator
    from sentrep.modules.padding import Texts
    from sentrep.modules.trees.binary_trees import Trees


@runtime_checkable
class HasDecoders(Protocol):
    """A method that generates sentences from sentence vectors."""

    def generates(self) -> tuple[str, ...]:
        """Which sentences it generates: 'next', 'previous', 'itself'; the usual one first."""

    def generator(self, to: str, vectors: Float[Tensor, "sentence width"]) -> Generator:
        """Returns what decodes one sentence from each vector that the method's `embed` gave.

        Args:
            to: which sentence: 'next', 'previous', or another one that the method has a decoder for.
            vectors: as `embed` returns them.
        """


@runtime_checkable
class HasPrior(Protocol):
    """A method with decoders that can draw vectors at random."""

    def sample_prior(self, count: int) -> Float[Tensor, "count width"]:
        """Draws vectors that `generator` decodes, from torch's generator."""


@runtime_checkable
class HasStyle(Protocol):
    """A method with decoders that can generate a sentence in the style of a document."""

    def codes(self, batch: SentenceBatch) -> Float[Tensor, "sentence code"]:
        """Returns content and style of sentences; `generator` reads them."""

    def restyle(
        self, codes: Float[Tensor, "sentence code"], document: Float[Tensor, "other code"]
    ) -> Float[Tensor, "sentence code"]:
        """Returns the content of `codes` with the style of the sentences of a document."""


@runtime_checkable
class HasCodes(Protocol):
    """A method with decoders that generate a sentence from a code of a few bytes."""

    def pack(self, vectors: Float[Tensor, "sentence width"]) -> UInt8[Tensor, "sentence byte"]:
        """Returns the code of each vector that the method's `embed` gave; of 0 bytes if it needs none."""

    def packed_generator(self, packed: UInt8[Tensor, "sentence byte"]) -> Generator:
        """Returns what decodes one sentence from each code."""


@runtime_checkable
class HasSummarizer(Protocol):
    """A method that generates summaries of texts."""

    def summarizer(self, articles: Texts, length: Int[Tensor, " text"]) -> Generator:
        """Returns what decodes one summary for each article, of about `length` tokens."""


@runtime_checkable
class HasTrees(Protocol):
    """A method that infers a tree for each sentence."""

    def trees(self, batch: SentenceBatch) -> Trees:
        """Returns the best tree of each sentence, (sentence, 1, position)."""


@runtime_checkable
class HasLikelihood(Protocol):
    """A method that is a language model."""

    def nll(self, batch: SentenceBatch) -> Float[Tensor, " sentence"]:
        """Returns the negative log-likelihood of each sentence and its end in nats, or an upper bound."""


@runtime_checkable
class HasContext(Protocol):
    """A method that represents the content of a document up to a sentence."""

    def contexts(
        self, z: Float[Tensor, "sentence width"], batch: SentenceBatch
    ) -> Float[Tensor, "sentence context_width"]:
        """Returns one vector for each sentence: a summary of its segment up to and including it.

        Args:
            z: the sentences' own vectors.
            batch: says which sentences belong to one segment; its tokens are not read.
        """
