"""StructVAE: "StructVAE: Tree-structured latent variable models for semi-supervised semantic parsing", Yin,
Zhou, He & Neubig, ACL 2018, section 3.

A sentence is thought to have a structure, of which a few are known. A parser q infers it from the sentence, a
writer p gives the sentence back from it; what helps to restore the many sentences without labels teaches the
parser what the few did not.

    labelled      log q(z | x) + log p(x | z) + log p(z)
    unlabelled    E_q[log p(x | z)] − λ KL(q(z | x) ‖ p(z))
    ∇ of q        E_q[(log p(x | z) − λ (log q(z | x) − log p(z)) − b(x)) ∇ log q(z | x)]

First comes a stretch of labelled sentences alone (`--pretrain`), since without labels it does not start;
there the prior is learnt, which then is frozen. Then the writer alone learns from the others
(`--writer-first`): before, its judgement of their structures would be noise. z is a binary bracketing
(`--trees`), or a derivation of a grammar of one's own (`--grammar`, `--pairs`).

Differs from the paper: for bracketings q is a CRF, whose entropy is exact, so that only the rest of the
signal is drawn; z is drawn from q and not found by a beam, so the gradient is that of the bound; b(x) is the
mean of the sentence's other samples, or adds up what it expects of each token. The encoder is read by q: the
vector of a sentence is added to each of its tokens. So it stands for what of the whole sentence helps to find
its structure, and no more. The writer never sees it: it would give the words away.

Wants sentences, in any order, and a few of them with their structures.
"""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.batching import encode_with_states, state_width
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.methods.base import Group, MakeEncoder, Method, Step, Usability
from sentrep.methods.monitors import Monitor, Remedy, higher, one_sided_trees
from sentrep.methods.struct_vae.binary_trees import Bracketings
from sentrep.methods.struct_vae.config import StructVAEConfig
from sentrep.methods.struct_vae.derivations import Derivations
from sentrep.methods.struct_vae.grammar import Grammar
from sentrep.methods.struct_vae.labelled_data import Meanings, read_meanings
from sentrep.methods.struct_vae.structures import Expectation, Posterior, Structures
from sentrep.modules.gru_decoder import scaled
from sentrep.modules.padding import Texts, pad
from sentrep.modules.reinforce import leave_one_out
from sentrep.modules.trees.crf import Trees
from sentrep.modules.trees.treebank import Treebank, read_treebank
from sentrep.utils.errors import InputError, opt

HELD = 200
"""Labelled sentences at most that are compared with and not learnt from."""


USABILITY = Usability(steps=200, reason="structures are still random before about 200", document_length=1)
MONITORS = one_sided_trees(higher("pretrain"), Remedy(f"give more {opt('trees')}", "trees"))


class StructVAE(Method):
    """A parser that reads the encoder, a writer, a prior, and what the parser's samples are compared with."""

    phases = ("prior", "train")
    usability = USABILITY
    headline_metrics = ("right_f1", "left_f1")

    def __init__(self, config: StructVAEConfig, make_encoder: MakeEncoder, token_budget: int = 4096) -> None:
        super().__init__()
        self.config, self.token_budget, self.share = config, token_budget, 0.0
        self.f = make_encoder()
        width, token_width = self.f.get_embedding_dimension(), config.structure_token_width
        assert width is not None
        self.tokenizer = Tokenizer(inner_tokenizer(self.f))
        self.state = nn.Linear(state_width(self.f), token_width)
        self.code = nn.Linear(width, token_width, bias=False)
        self.dropout = nn.Dropout(config.structure_dropout)
        self.structures = self._structures(token_table(self.f).num_embeddings)
        self.expected = Expectation(token_width) if config.baseline == "learnt" else None

    def _structures(self, vocab: int) -> Structures[Any]:
        config, learnt = self.config, self.config.given != 0
        sizes = config.structure_token_width, config.structure_width, config.shortlist
        if config.grammar is None:
            return Bracketings(vocab, *sizes, config.structure_dropout, learnt)
        return Derivations(
            Grammar.read(config.grammar), vocab, *sizes, config.at_most, config.structure_dropout, learnt
        )

    def active_phases(self, progress: float) -> tuple[str, ...]:
        self.share = progress
        return self.phases if self.pretraining else ("train",)

    @property
    def pretraining(self) -> bool:
        """Whether only labelled sentences are learnt from."""
        return self.config.given != 0 and (
            self.share < self.config.pretrain or self.config.unlabelled_weight == 0
        )

    @property
    def judging(self) -> bool:
        """Whether q learns from sentences without labels, too, and not the writer alone."""
        begun = self.config.pretrain
        return self.config.given == 0 or self.share >= begun + self.config.writer_first * (1 - begun)

    def parameter_groups(self, phase: str) -> list[Group]:
        prior = {id(parameter) for parameter in self.structures.prior.parameters()}
        return [
            Group(
                [
                    each
                    for each in self.parameters()
                    if each.requires_grad and (id(each) in prior) == (phase == "prior")
                ]
            )
        ]

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        texts = self.fitting(batch)
        if phase == "prior":
            return self.foresee(texts)
        if not self.training:
            return self.look(texts)
        if self.labelled is None:
            return self.infer(texts)
        taught = self.teach(*self.labelled.draw(self.config.labelled))
        if self.pretraining:
            return taught
        free = self.infer(texts, learns=self.judging)
        return Step(taught.loss + self.config.unlabelled_weight * free.loss, taught.metrics | free.metrics)

    def foresee(self, texts: Texts) -> Step:
        """The prior learns the structures that were given; at validation it says what it thinks of the
        inferred ones."""
        if self.training:
            if self.labelled is None:
                raise InputError(
                    f"the prior learns from given structures; give {opt('trees')} FILE, or {opt('grammar')} and {opt('pairs')}"
                )
            texts, structures = self.labelled.draw(self.config.labelled)
        else:
            structures = self.posterior(texts)[0].viterbi()
        loss = -self.structures.log_prior(structures).sum() / texts.alive.sum().clamp(min=1)
        return Step(loss, {"prior_nll": loss.detach()})

    def teach(self, texts: Texts, structures: Any) -> Step:
        """Sentences whose structure is known."""
        q, tokens = self.posterior(texts)
        parsed = -q.log_probability(structures).sum() / texts.alive.sum()
        restored = self.structures.restore(texts, structures)
        loss = parsed + restored.loss
        if self.expected is not None:  # it has something to expect by when it is needed
            loss = loss + self.expected.error(texts, restored.log_probability, self.expected(texts, tokens))
        return Step(
            loss, {"labelled_parsed_nll": parsed.detach(), "labelled_restored_nll": restored.loss.detach()}
        )

    def infer(self, texts: Texts, learns: bool = True) -> Step:
        """Sentences whose structure is drawn.

        Args:
            learns: whether q does; otherwise the writer alone, and what is expected of it.
        """
        config, count = self.config, texts.alive.sum().clamp(min=1)
        with torch.set_grad_enabled(learns and torch.is_grad_enabled()):
            q, tokens = self.posterior(texts)
            drawn = q.sample(config.samples)
            log_q = q.log_probability(drawn)
        restored = self.structures.restore(texts, drawn)
        with torch.no_grad():
            reward = restored.log_probability + config.kl_weight * self.structures.log_prior(drawn)
            if q.entropy is None:
                reward = reward - config.kl_weight * log_q
        if self.expected is None:
            signal, error = leave_one_out(reward), torch.zeros_like(restored.loss)
        else:
            expected = self.expected(texts, tokens)
            signal, error = (
                reward - expected.detach().unsqueeze(1),
                self.expected.error(texts, reward, expected),
            )
        floored = signal if config.signal_floor is None else signal.clamp(min=config.signal_floor)
        loss = restored.loss + error
        if learns:
            loss = loss - (floored * log_q).mean(1).sum() / count
            if q.entropy is not None:
                loss = loss - config.kl_weight * q.entropy.sum() / count
        metrics = {
            "restored_nll": restored.loss.detach(),
            "signal": signal.mean(),
            "signal_spread": signal.std(1).mean() if config.samples > 1 else signal.std(),
            "floored": (floored > signal).float().mean(),
        }
        return Step(loss, metrics)

    def look(self, texts: Texts) -> Step:
        """Validation: the bound as it is, with a λ of 1, in nats a token; what structures look like; whether
        they are right."""
        count = texts.alive.sum().clamp(min=1)
        q, tokens = self.posterior(texts)
        drawn, best = q.sample(self.config.samples), q.viterbi()
        restored, from_best = self.structures.restore(texts, drawn), self.structures.restore(texts, best)
        entropy = -q.log_probability(drawn).mean(1) if q.entropy is None else q.entropy
        divergence = (-entropy - self.structures.log_prior(drawn).mean(1)).sum() / count
        metrics = {
            "elbo": -restored.loss - divergence,
            "restored_nll": restored.loss,
            "from_best_nll": from_best.loss,
            "kl": divergence,
            "entropy": entropy.sum() / count,
        } | self.structures.meters(best)
        if self.expected is not None:
            reward = restored.log_probability + self.config.kl_weight * self.structures.log_prior(drawn)
            metrics["signal"] = (reward - self.expected(texts, tokens).unsqueeze(1)).mean()
        if self.held is not None:
            given, structures = self.held
            metrics |= self.structures.agreement(self.posterior(given)[0].viterbi(), structures)
        return Step(restored.loss + divergence, metrics)

    def posterior(
        self, texts: Texts
    ) -> tuple[Posterior[Any], Float[Tensor, "sentence position token_width"]]:
        """q(z | x), and the token vectors that it has read."""
        offsets = F.pad(texts.lengths.cumsum(0), (1, 0))
        vectors, states = encode_with_states(self.f, texts.ids[texts.alive], offsets, self.token_budget)
        # A bag is exported with its tokens' weights in their rows: only the direction of a row is the same
        # before and after.
        known = self.state(scaled(states))
        tokens = known.new_zeros(*texts.ids.shape, known.shape[1])
        tokens = tokens.index_put(texts.alive.nonzero(as_tuple=True), known) + self.code(
            scaled(vectors)
        ).unsqueeze(1)
        return self.structures.posterior(texts, self.dropout(tokens)), tokens

    def fitting(self, batch: SentenceBatch) -> Texts:
        """Sentences of a batch that are not too long to be learnt from, nor of a single token; if there is
        none, beginnings."""
        lengths = batch.offsets.diff()
        fits = (lengths > 1) & (lengths <= self.config.longest)
        fits = fits if fits.any() else lengths > 0
        return pad(batch.ids, batch.offsets, self.config.longest).rows(fits.nonzero().squeeze(1))

    @cached_property
    def labelled(self) -> Treebank | Meanings | None:
        """Sentences with their structures; read when first needed, so that a trained method does without."""
        if self.config.given == 0:
            warnings.warn(
                f"struct-vae without labels does not start: nothing tells it what a structure is. Give {opt('trees')} FILE, or {opt('grammar')} "
                f"and {opt('pairs')}; some fifty sentences are a beginning",
                stacklevel=2,
            )
            return None
        return self._read(0, self.config.given)

    @cached_property
    def held(self) -> Treebank | Meanings | None:
        """Labelled sentences behind those that are learnt from."""
        used = self.config.given
        return None if used is None else self._read(used, used + HELD)

    def _read(self, first: int, upto: int | None) -> Treebank | Meanings | None:
        config, device = self.config, self.state.weight.device
        read: Treebank | Meanings
        if config.trees is not None:
            read = read_treebank(config.trees, self.tokenizer, upto, config.longest, device)
        elif config.pairs is not None:
            assert isinstance(self.structures, Derivations)
            read = read_meanings(
                config.pairs, self.structures.machine, self.tokenizer, upto, config.longest, device
            )
        else:
            return None
        rows = torch.arange(first, max(first, len(read.texts.ids)), device=device)
        return read.rows(rows) if len(rows) else None

    @torch.no_grad()
    def trees(self, batch: SentenceBatch) -> Trees:
        """The best tree of each sentence, (sentence, 1, position)."""
        if not isinstance(self.structures, Bracketings):
            raise InputError(
                "this run of struct-vae infers derivations of a grammar, not trees; ask for its meanings"
            )
        found: Trees = self.posterior(pad(batch.ids, batch.offsets, len(batch.ids)))[0].viterbi()
        return found

    @torch.no_grad()
    def meanings(self, batch: SentenceBatch) -> list[str]:
        """The best derivation of each sentence that can be found, as text."""
        if not isinstance(self.structures, Derivations):
            raise InputError(
                "this run of struct-vae infers trees, not derivations of a grammar; ask for its trees"
            )
        found = self.posterior(pad(batch.ids, batch.offsets, len(batch.ids)))[0].viterbi()
        return self.structures.written(found, self.tokenizer)

    def monitors(self) -> list[Monitor]:
        return MONITORS
