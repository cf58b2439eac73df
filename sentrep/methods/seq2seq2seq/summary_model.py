"""The networks of seq2seq2seq around an encoder, and what they read besides the corpus."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sentrep.data.batch import offsets_of
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.batching import encode_tokens
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.methods.base import MakeEncoder, Method
from sentrep.methods.seq2seq2seq.config import Seq2Seq2SeqConfig
from sentrep.methods.seq2seq2seq.critic import Critic, SoftTokens, embed_tokens, gumbel_softmax
from sentrep.methods.seq2seq2seq.data import SummaryData
from sentrep.methods.seq2seq2seq.headline_extraction import (
    IMPOSSIBLE,
    RARITY,
    extract_headline,
    token_values,
)
from sentrep.methods.seq2seq2seq.summary_generator import Noise, PointerGenerator, Source, Strategy
from sentrep.modules.decoding import Generator
from sentrep.modules.padding import Texts, append_end, compact
from sentrep.modules.pointer_generator import DecoderOutput
from sentrep.modules.reference_text import ReferenceText
from sentrep.modules.scaling import scale_to_unit_rms


class SummaryModel(Method):
    """An encoder, a generator, a reconstructor and a critic; the objective is `Seq2Seq2Seq`.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    article_counts: Int[Tensor, " vocab"]
    """Occurrences of each token in the articles so far."""
    summary_counts: Int[Tensor, " vocab"]
    """Occurrences of each token in the example summaries."""
    forbidden: Bool[Tensor, " vocab"]
    """Special tokens, which are never generated."""

    def __init__(
        self, config: Seq2Seq2SeqConfig, make_encoder: MakeEncoder, token_budget: int = 4096
    ) -> None:
        super().__init__()
        self.config, self.token_budget, self.progress = config, token_budget, 0.0
        self.f = make_encoder()
        width = self.f.get_embedding_dimension()
        assert width is not None
        self.tokenizer, self.end = Tokenizer(inner_tokenizer(self.f)), token_table(self.f).num_embeddings
        self.data = SummaryData(config, self.tokenizer, self.end)
        stepwise, straight = (config.gradient_estimator == each for each in ("reinforce", "gumbel"))
        sizes = config.generator_token_width, config.generator_width, width
        coverage = config.coverage_weight > 0
        self.generator = PointerGenerator(self.end, config.shortlist, *sizes, coverage, token_values=True)
        self.reconstructor = PointerGenerator(self.end, config.shortlist, *sizes, coverage=False)
        self.critic = Critic(self.end + 1, *sizes[:2], stepwise, config.gan_loss, straight)
        self.strategy: Strategy = "gumbel" if straight else "sample"
        special = torch.tensor(list(self.tokenizer.special)).long()
        forbidden = torch.zeros(self.end, dtype=torch.bool).index_fill(0, special, True)
        self.register_buffer("forbidden", forbidden, persistent=False)
        for name in ("article_counts", "summary_counts"):
            self.register_buffer(name, torch.zeros(self.end, dtype=torch.long))
        self.summaries_counted = False

    def encode_source(self, articles: Texts, latent: Float[Tensor, "text width"]) -> Source:
        """Encodes articles for the generator, with their vectors."""
        values = self.token_values / RARITY
        return self.generator.encode_source(articles, latent, token_values=values, word_start=self.word_start)

    def encode(self, articles: Texts) -> Source:
        """Encodes articles for the generator; computes their vectors."""
        return self.encode_source(articles, self.latent(articles))

    def latent(self, texts: Texts) -> Float[Tensor, "text width"]:
        """Returns the vectors of texts as generator and reconstructor read them."""
        offsets = offsets_of(texts.lengths)
        return scale_to_unit_rms(encode_tokens(self.f, texts.ids[texts.mask], offsets, self.token_budget))

    def generate(
        self,
        source: Source,
        strategy: Strategy,
        length: Int[Tensor, " text"],
        limit: int | Int[Tensor, " text"],
    ) -> tuple[Texts, Noise]:
        """Generates summaries with their ends.

        During training the limit is the length itself: otherwise summaries grow, because longer ones
        reconstruct more.
        """
        return self.generator.generate(source, length, limit, self.forbidden, strategy)

    def reconstruction_nll(
        self, summaries: Texts, articles: Texts, soft: SoftTokens | None = None
    ) -> Float[Tensor, " text"]:
        """Returns the negative log-likelihood of articles given their summaries, in nats a token.

        Args:
            summaries: summaries without their ends.
            articles: articles without their ends.
            soft: distributions of the summaries' tokens, if a gradient passes through them.
        """
        tokens = None
        if soft is not None:
            table = self.reconstructor.embedding.weight
            tokens = embed_tokens(table, summaries, soft, self.critic.straight_through)
        source = self.reconstructor.encode_source(summaries, self.latent(summaries), tokens)
        return self.reconstructor.nll(source, append_end(articles, self.end))[0]

    def soft_tokens(self, output: DecoderOutput, source: Source, noise: Noise) -> SoftTokens | None:
        """Returns the distributions of generated tokens, through which a gradient can pass; None with
        REINFORCE."""
        if self.config.gradient_estimator == "reinforce":
            return None
        probabilities = self.generator.decoder.probabilities(output, source.memory)
        if self.config.gradient_estimator == "softmax":
            return probabilities
        return gumbel_softmax(probabilities, torch.stack(noise, 1))

    def headlines(self, articles: Texts, length: Int[Tensor, " text"]) -> Texts:
        """Returns the most likely headlines of these lengths that deletion makes of articles."""
        values = self.token_values.masked_fill(self.forbidden, IMPOSSIBLE)
        language_model = self.reference.language_model
        kept = extract_headline(articles, length, values, self.word_start, language_model)
        return compact(articles.ids, kept)

    def real_summaries(self, count: int) -> Texts:
        """Returns random example summaries with their ends."""
        return append_end(self.reference.sample(count), self.end)

    @property
    def token_values(self) -> Float[Tensor, " vocab"]:
        """Value of each token in a headline."""
        return token_values(self.summary_counts, self.article_counts)

    def count_summaries(self) -> None:
        """Counts the tokens of the example summaries, which values of tokens depend on, at the first call."""
        if not self.summaries_counted:
            self.summary_counts.copy_(self.reference.token_counts(self.end))
            self.summaries_counted = True

    @property
    def reference(self) -> ReferenceText:
        """The example summaries."""
        return self.data.to(self.forbidden.device).reference

    @property
    def pairs(self) -> tuple[Texts, Texts]:
        """The articles and summaries of the annotated pairs."""
        return self.data.to(self.forbidden.device).pairs

    @property
    def word_start(self) -> Bool[Tensor, " vocab"]:
        """Which tokens begin a word."""
        return self.data.to(self.forbidden.device).word_start

    def summarizer(self, articles: Texts, length: Int[Tensor, " text"]) -> Generator:
        """Returns a decoder that writes summaries of about these lengths."""
        return self.generator.generator(self.encode(articles), length)
