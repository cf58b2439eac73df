"""StructVAE: "StructVAE: Tree-structured latent variable models for semi-supervised semantic parsing", Yin,
Zhou, He & Neubig, ACL 2018, section 3.

A sentence has a latent structure; the structures of a few sentences are annotated. A parser q infers the
structure from the sentence, and a decoder p reconstructs the sentence from it. What helps to reconstruct the
many unlabelled sentences teaches the parser what the few labelled ones did not.

    labelled      log q(z | x) + log p(x | z) + log p(z)
    unlabelled    E_q[log p(x | z)] − λ KL(q(z | x) ‖ p(z))
    ∇ of q        E_q[(log p(x | z) − λ (log q(z | x) − log p(z)) − b(x)) ∇ log q(z | x)]

The run begins with labelled sentences only (`pretrain_share`); there the prior is learned, which is frozen
afterwards. Then only the decoder learns from unlabelled sentences (`decoder_warmup`), because at first its
likelihood does not tell good structures from bad ones. z is a binary tree (`trees`), or a derivation of a
grammar (`grammar`, `pairs`).

Differs from the paper:
    * For trees q is a CRF, whose entropy is exact, so only the rest of the signal is sampled.
    * z is sampled from q instead of found by beam search, so the gradient is that of the bound.
    * The baseline b(x) is the mean of the other samples, or a sum of predictions for each token.
    * q reads an encoder: the vector of a sentence is added to each of its tokens. So it represents what helps
      to find the structure. The decoder does not read it, because it would reveal the words.

Data: sentences in any order, and a few of them with their structures.

The file is over 250 lines long because the whole objective stands in one class, next to its equations.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch, offsets_of
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.batching import encode_with_states, state_width
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.methods.base import Group, MakeEncoder, Method, Step
from sentrep.methods.monitors import Monitor
from sentrep.methods.struct_vae.bracketings import BracketingModel
from sentrep.methods.struct_vae.config import StructVAEConfig
from sentrep.methods.struct_vae.derivations import DerivationModel
from sentrep.methods.struct_vae.labelled_data import Labelled, read_heldout, read_labelled
from sentrep.methods.struct_vae.monitors import MONITORS, USABILITY
from sentrep.methods.struct_vae.structure_model import structure_model
from sentrep.methods.struct_vae.structures import (
    LearnedBaseline,
    Posterior,
    Reconstruction,
)
from sentrep.modules.padding import Texts, pad
from sentrep.modules.reinforce import leave_one_out
from sentrep.modules.scaling import scale_to_unit_rms
from sentrep.modules.trees.binary_trees import Trees
from sentrep.utils.errors import InputError, opt


class StructVAE(Method):
    """A parser that reads the encoder, a decoder, a prior, and a baseline for the parser's samples.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    phases = ("prior", "train")
    usability = USABILITY
    headline_metrics = ("right_f1", "left_f1")
    reinitialised = ("baseline.",)

    def __init__(self, config: StructVAEConfig, make_encoder: MakeEncoder, token_budget: int = 4096) -> None:
        super().__init__()
        self.config, self.token_budget, self.progress = config, token_budget, 0.0
        self.f = make_encoder()
        width, token_width = self.f.get_embedding_dimension(), config.structure_token_width
        assert width is not None
        self.tokenizer = Tokenizer(inner_tokenizer(self.f))
        self.state = nn.Linear(state_width(self.f), token_width)
        self.latent = nn.Linear(width, token_width, bias=False)
        self.dropout = nn.Dropout(config.structure_dropout)
        self.structures = structure_model(config, token_table(self.f).num_embeddings)
        self.baseline = LearnedBaseline(token_width) if config.baseline == "learned" else None

    def active_phases(self, progress: float) -> tuple[str, ...]:
        self.progress = progress
        return self.phases if self.pretraining else ("train",)

    @property
    def pretraining(self) -> bool:
        """Whether only labelled sentences are used."""
        early = self.progress < self.config.pretrain_share
        return self.config.max_labelled != 0 and (early or self.config.unlabelled_weight == 0)

    @property
    def parser_learns(self) -> bool:
        """Whether the parser learns from unlabelled sentences, too, and not only the decoder."""
        first = self.config.pretrain_share
        start = first + self.config.decoder_warmup * (1 - first)
        return self.config.max_labelled == 0 or self.progress >= start

    def parameter_groups(self, phase: str) -> list[Group]:
        prior = {id(parameter) for parameter in self.structures.prior.parameters()}
        mine = [
            each
            for each in self.parameters()
            if each.requires_grad and (id(each) in prior) == (phase == "prior")
        ]
        return [Group(mine)]

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        texts = self.texts(batch)
        if phase == "prior":
            return self.prior_step(texts)
        if not self.training:
            return self.validation_step(texts)
        if self.labelled is None:
            return self.unlabelled_step(texts)
        labelled = self.labelled_step(*self.labelled.sample(self.config.labelled_batch_size))
        if self.pretraining:
            return labelled
        unlabelled = self.unlabelled_step(texts, parser_learns=self.parser_learns)
        loss = labelled.loss + self.config.unlabelled_weight * unlabelled.loss
        return Step(loss, labelled.metrics | unlabelled.metrics)

    def prior_step(self, texts: Texts) -> Step:
        """The prior learns labelled structures; in validation it scores the inferred ones."""
        if not self.training:
            structures = self.posterior(texts)[0].viterbi()
        elif self.labelled is None:
            raise InputError(
                f"{opt('trees')}, or {opt('grammar')} and {opt('pairs')}: the prior learns from labelled "
                "structures; give a file"
            )
        else:
            texts, structures = self.labelled.sample(self.config.labelled_batch_size)
        loss = -self.structures.log_prior(structures).sum() / texts.mask.sum().clamp(min=1)
        return Step(loss, {"prior_nll": loss.detach()})

    def labelled_step(self, texts: Texts, structures: Any) -> Step:
        """Parser and decoder learn annotated structures."""
        q, tokens = self.posterior(texts)
        parser_nll = -q.log_prob(structures).sum() / texts.mask.sum()
        found = self.structures.reconstruct(texts, structures)
        loss = parser_nll + found.loss
        if self.baseline is not None:  # so that it can predict when it is first needed
            loss = loss + self.baseline.error(texts, found.log_prob, self.baseline(texts, tokens))
        metrics = {
            "labelled_parser_nll": parser_nll.detach(),
            "labelled_reconstruction_nll": found.loss.detach(),
        }
        return Step(loss, metrics)

    def unlabelled_step(self, texts: Texts, parser_learns: bool = True) -> Step:
        """Parser and decoder learn from sampled structures.

        Args:
            texts: the sentences.
            parser_learns: whether the parser learns, and not only decoder and baseline.
        """
        config, count = self.config, texts.mask.sum().clamp(min=1)
        with torch.set_grad_enabled(parser_learns and torch.is_grad_enabled()):
            q, tokens = self.posterior(texts)
            sampled = q.sample(config.samples)
            log_q = q.log_prob(sampled)
        found = self.structures.reconstruct(texts, sampled)
        with torch.no_grad():
            reward = self.reward(found, sampled)
            if q.entropy is None:
                reward = reward - config.kl_weight * log_q
        signal, error = self.signal(texts, tokens, reward)
        floored = signal if config.signal_floor is None else signal.clamp(min=config.signal_floor)
        loss = found.loss + error
        if parser_learns:
            loss = loss - (floored * log_q).mean(1).sum() / count
            if q.entropy is not None:
                loss = loss - config.kl_weight * q.entropy.sum() / count
        metrics = {
            "reconstruction_nll": found.loss.detach(),
            "signal": signal.mean(),
            "signal_spread": signal.std(1).mean() if config.samples > 1 else signal.std(),
            "floored": (floored > signal).float().mean(),
        }
        return Step(loss, metrics)

    def reward(self, found: Reconstruction, sampled: Any) -> Float[Tensor, "sentence structure"]:
        """Returns log p(x | z) + λ log p(z)."""
        return found.log_prob + self.config.kl_weight * self.structures.log_prior(sampled)

    def signal(
        self,
        texts: Texts,
        tokens: Float[Tensor, "sentence position token_width"],
        reward: Float[Tensor, "sentence structure"],
    ) -> tuple[Float[Tensor, "sentence structure"], Float[Tensor, ""]]:
        """Returns the reward minus the baseline, and the error of a learned baseline."""
        if self.baseline is None:
            return leave_one_out(reward), reward.new_zeros(())
        predicted = self.baseline(texts, tokens)
        error = self.baseline.error(texts, reward, predicted)
        return reward - predicted.detach().unsqueeze(1), error

    def validation_step(self, texts: Texts) -> Step:
        """Returns minus the bound with λ = 1 in nats a token, its parts, and the agreement with held-out
        structures."""
        count = texts.mask.sum().clamp(min=1)
        q, tokens = self.posterior(texts)
        sampled, best = q.sample(self.config.samples), q.viterbi()
        found = self.structures.reconstruct(texts, sampled)
        entropy = -q.log_prob(sampled).mean(1) if q.entropy is None else q.entropy
        kl = (-entropy - self.structures.log_prior(sampled).mean(1)).sum() / count
        metrics = {
            "elbo": -found.loss - kl,
            "reconstruction_nll": found.loss,
            "best_reconstruction_nll": self.structures.reconstruct(texts, best).loss,
            "kl": kl,
            "entropy": entropy.sum() / count,
        } | self.structures.structure_stats(best)
        if self.baseline is not None:
            predicted = self.baseline(texts, tokens).unsqueeze(1)
            metrics["signal"] = (self.reward(found, sampled) - predicted).mean()
        if self.heldout is not None:
            heldout_texts, gold = self.heldout
            predicted_structures = self.posterior(heldout_texts)[0].viterbi()
            metrics |= self.structures.agreement(predicted_structures, gold)
        return Step(found.loss + kl, metrics)

    def posterior(
        self, texts: Texts
    ) -> tuple[Posterior[Any], Float[Tensor, "sentence position token_width"]]:
        """Returns q(z | x), and the token vectors that it reads."""
        offsets = offsets_of(texts.lengths)
        vectors, states = encode_with_states(self.f, texts.ids[texts.mask], offsets, self.token_budget)
        # An exported bag has the weights of tokens in their rows, so only the direction of a row is used.
        known = self.state(scale_to_unit_rms(states))
        tokens = known.new_zeros(*texts.ids.shape, known.shape[1])
        tokens = tokens.index_put(texts.mask.nonzero(as_tuple=True), known)
        tokens = tokens + self.latent(scale_to_unit_rms(vectors)).unsqueeze(1)
        return self.structures.posterior(texts, self.dropout(tokens)), tokens

    def texts(self, batch: SentenceBatch) -> Texts:
        """Returns the sentences of two tokens or more that are not too long; if there are none, the
        beginnings of all."""
        lengths = batch.offsets.diff()
        fits = (lengths > 1) & (lengths <= self.config.max_sentence_tokens)
        fits = fits if fits.any() else lengths > 0
        chosen = fits.nonzero().squeeze(1)
        return pad(batch.ids, batch.offsets, self.config.max_sentence_tokens).select(chosen)

    @cached_property
    def labelled(self) -> Labelled | None:
        """The labelled sentences, read when they are first needed: a trained model can be opened without
        them."""
        return read_labelled(self.config, self.tokenizer, self._system, self.state.weight.device)

    @cached_property
    def heldout(self) -> Labelled | None:
        """Labelled sentences for evaluation."""
        return read_heldout(self.config, self.tokenizer, self._system, self.state.weight.device)

    @property
    def _system(self) -> Any:
        return self.structures.system if isinstance(self.structures, DerivationModel) else None

    @torch.no_grad()
    def trees(self, batch: SentenceBatch) -> Trees:
        """Returns the best tree of each sentence, (sentence, 1, position).

        Raises:
            InputError: structures are derivations.
        """
        if not isinstance(self.structures, BracketingModel):
            raise InputError(
                "this run of struct-vae infers derivations of a grammar instead of trees; use logical_forms",
                setting="grammar",
            )
        found: Trees = self.posterior(pad(batch.ids, batch.offsets, len(batch.ids)))[0].viterbi()
        return found

    @torch.no_grad()
    def logical_forms(self, batch: SentenceBatch) -> list[str]:
        """Returns the best derivation of each sentence that search finds, as text.

        Raises:
            InputError: structures are trees.
        """
        if not isinstance(self.structures, DerivationModel):
            raise InputError(
                "this run of struct-vae infers trees instead of derivations of a grammar; use trees",
                setting="grammar",
            )
        found = self.posterior(pad(batch.ids, batch.offsets, len(batch.ids)))[0].viterbi()
        return self.structures.logical_forms(found, self.tokenizer)

    def monitors(self) -> list[Monitor]:
        return MONITORS
