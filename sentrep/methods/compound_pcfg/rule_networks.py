"""The networks that compute the rules of a compound PCFG from symbols and a latent vector."""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.methods.compound_pcfg.pcfg import MIN_SHARE, Rules
from sentrep.modules.trees.punctuation import WordsOnly

Grammar = tuple[Rules, Float[Tensor, "token preterminal"]]
"""The rules, and the log-probability of each word given each preterminal."""


class RuleSizes(NamedTuple):
    """Sizes of a grammar."""

    nonterminals: int
    preterminals: int
    rank: int
    vocab: int


class RuleNetworks(nn.Module):
    """Computes the rules of each sentence.

    Args:
        sizes: sizes of the grammar.
        symbol_width: width of symbol embeddings.
        latent_width: width of the latent vector; 0 for rules that do not depend on the sentence.
    """

    def __init__(self, sizes: RuleSizes, symbol_width: int, latent_width: int) -> None:
        super().__init__()
        self.sizes, self.latent_width = sizes, latent_width
        nonterminals, _, rank, vocab = sizes
        choices = {"root": nonterminals, "rank": rank, "left": rank, "right": rank, "words": vocab}
        self.scores = nn.ModuleDict(
            {name: ScoreNetwork(symbol_width, size) for name, size in choices.items()}
        )
        latent = {"root": nonterminals, "rank": rank, "words": symbol_width} if latent_width else {}
        self.latent_scores = nn.ModuleDict(
            {name: nn.Linear(latent_width, size, bias=False) for name, size in latent.items()}
        )

    def reset_parameters(self) -> None:
        """Initialises all matrices (Glorot)."""
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)

    def forward(
        self,
        symbols: Float[Tensor, "symbol width"],
        latent: Float[Tensor, "sentence latent"],
        words: WordsOnly,
    ) -> Grammar:
        """Returns the grammar of each sentence.

        Args:
            symbols: embeddings of the root, the nonterminals and the preterminals.
            latent: latent vector of each sentence.
            words: words of the sentences.
        """
        root, nonterminals, preterminals = symbols.split(
            [1, self.sizes.nonterminals, self.sizes.preterminals]
        )
        both = symbols[1:]
        of = {"root": root, "rank": nonterminals, "left": both, "right": both, "words": preterminals}
        # In bf16, probabilities would not sum to 1.
        with torch.autocast(latent.device.type, enabled=False):
            scores = {name: network(of[name]) for name, network in self.scores.items()}
            return self._compound(scores, latent, words) if self.latent_width else _neural(scores, words)

    def _compound(
        self, scores: dict[str, Tensor], latent: Float[Tensor, "sentence latent"], words: WordsOnly
    ) -> Grammar:
        """Adds the terms of the latent vector to the scores of the symbols."""
        latent_scores = {name: network(latent) for name, network in self.latent_scores.items()}
        rules = Rules(
            root=(scores["root"] + latent_scores["root"]).softmax(1),
            rank=subtract_max(scores["rank"]).exp(),
            left=scores["left"].softmax(0),
            right=scores["right"].softmax(0),
            sentence_weights=subtract_max(latent_scores["rank"]).exp(),
        )
        # The softmax of a sum, without a number for each sentence, preterminal and word of the vocabulary.
        general = subtract_max(scores["words"])
        output = cast(ScoreNetwork, self.scores["words"]).out.weight
        special = subtract_max(latent_scores["words"] @ output.T)
        total = (special.exp() @ general.exp().T).clamp(min=MIN_SHARE).log()
        sentence = torch.repeat_interleave(words.lengths)
        word_scores = F.embedding(words.ids, general.T) + special[sentence, words.ids].unsqueeze(1)
        return rules, word_scores - total[sentence]


class ScoreNetwork(nn.Module):
    """Scores the choices of a symbol: two residual blocks and a linear map (appendix A.1 of the paper).

    Args:
        width: width of symbol embeddings.
        choices: number of choices.
    """

    def __init__(self, width: int, choices: int) -> None:
        super().__init__()
        self.first = nn.Linear(width, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
            for _ in range(2)
        )
        self.out = nn.Linear(width, choices)

    def forward(self, symbols: Float[Tensor, "symbol width"]) -> Float[Tensor, "symbol choice"]:
        """Returns the score of each choice."""
        hidden = self.first(symbols)
        for block in self.blocks:
            hidden = hidden + block(hidden)
        return self.out(hidden)  # type: ignore[no-any-return]


def subtract_max(scores: Float[Tensor, "row choice"]) -> Float[Tensor, "row choice"]:
    """Shifts each row so that its largest score is 0: exponentials neither overflow nor all vanish.

    >>> subtract_max(torch.tensor([[1.0, 3.0]]))
    tensor([[-2.,  0.]])
    """
    return scores - scores.detach().amax(1, keepdim=True)


def _neural(scores: dict[str, Tensor], words: WordsOnly) -> Grammar:
    """Returns rules that are the same for every sentence."""
    left, right = scores["left"].softmax(0), scores["right"].softmax(0)
    root = scores["root"].softmax(1).expand(len(words.lengths), -1)
    rules = Rules(root, scores["rank"].softmax(1), left, right)
    return rules, F.embedding(words.ids, scores["words"].log_softmax(1).T)
