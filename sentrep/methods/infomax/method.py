"""Deep InfoMax on text.

An encoder and a discriminator are trained together. The discriminator reads the tokens of a sentence
and a sentence vector, and predicts whether the vector is that of the sentence or of another one. The
objective is a lower bound of the mutual information of sentence and vector, in its Jensen-Shannon form
(Hjelm et al., equation 4):

    I = E_own[ −sp(−T(x_i, E(x))) ] − E_other[ sp(T(x_i, E(x'))) ],   sp(a) = log(1 + e^a)

Neither a decoder nor the order of sentences is needed. If T were log P(x | E(x)), the first term would
be the objective of an auto-encoder; skip-thought with `write="itself"` trains one.

Differs from IS-BERT:
    * The vector is that of any encoder instead of the mean of the convolutions' output.
    * The discriminator has its own token embeddings. With `features="encoder"` it reads the encoder's
      states, as in IS-BERT.

Data: any text, in any order.

References:
    "Learning deep representations by mutual information estimation and maximization", Hjelm et al., ICLR
    2019.

    "An unsupervised sentence embedding method by mutual information maximization" (IS-BERT), Zhang et
    al., EMNLP 2020, section 3.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.batching import encode_with_states, state_width
from sentrep.encoders.token_table import token_table
from sentrep.methods.base import MakeEncoder, Method, Step, Usability
from sentrep.methods.infomax.config import InfoMaxConfig
from sentrep.methods.infomax.matching import Matching
from sentrep.modules.contrastive import gather, mean_over_rows, place

USABILITY = Usability(document_length=1)


class InfoMax(Method):
    """An encoder, and a discriminator that assigns vectors to sentences.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    usability = USABILITY
    headline_metrics = ("accuracy",)

    def __init__(self, config: InfoMaxConfig, make_encoder: MakeEncoder, token_budget: int = 4096) -> None:
        super().__init__()
        self.config, self.token_budget = config, token_budget
        self.f = make_encoder()
        width = self.f.get_embedding_dimension()
        assert width is not None
        own = config.features == "own"
        self.rows = (
            nn.Embedding(token_table(self.f).num_embeddings, config.discriminator_token_width)
            if own
            else None
        )
        read = config.discriminator_token_width if own else state_width(self.f)
        self.discriminator = Matching(read, config.windows, config.feature_width, width)

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        vectors, tokens = self.read(batch)
        vectors, features = gather(vectors), self.discriminator.features(tokens, batch.offsets)
        lengths = batch.offsets.diff()
        sentence = torch.repeat_interleave(lengths)
        if self.config.discriminator == "sentence":
            features, sentence = self.mean(features, batch), torch.arange(len(batch), device=sentence.device)
        scores = self.discriminator(features, vectors).float()
        begin = place(len(batch), scores.device)
        own = scores.gather(1, begin + sentence.unsqueeze(1)).squeeze(1)
        others = (F.softplus(scores).sum(1) - F.softplus(own)) / max(1, len(vectors) - 1)
        counted = (lengths > 0)[sentence]
        loss = mean_over_rows(F.softplus(-own) + others, counted)
        with torch.no_grad():  # accuracy of a sentence, all its tokens together, for its own vector
            whole = scores if self.config.discriminator == "sentence" else self.mean(scores, batch)
            hit = whole.argmax(1) == begin + torch.arange(len(batch), device=whole.device)
            metrics = {
                "accuracy": mean_over_rows(hit.float(), lengths > 0),
                "own": mean_over_rows(torch.sigmoid(own), counted),
                "norm": vectors.norm(dim=1).mean(),
            }
        return Step(loss, metrics)

    def read(
        self, batch: SentenceBatch
    ) -> tuple[Float[Tensor, "sentence width"], Float[Tensor, "token token_width"]]:
        """Returns the sentence vectors, and the token vectors that the discriminator reads."""
        if self.rows is None:
            return encode_with_states(self.f, batch.ids, batch.offsets, self.token_budget)
        return self.embed(batch), self.rows(batch.ids)

    @staticmethod
    def mean(values: Float[Tensor, "token column"], batch: SentenceBatch) -> Float[Tensor, "sentence column"]:
        """Returns the mean over the tokens of each sentence; zeros for an empty one."""
        lengths = batch.offsets.diff()
        sums = values.new_zeros(len(batch), values.shape[1]).index_add(
            0, torch.repeat_interleave(lengths), values
        )
        return sums / lengths.clamp(min=1).unsqueeze(1)
