"""Seq2seq2seq: "Learning to encode text as human-readable summaries using generative adversarial networks",
Wang & Lee, EMNLP 2018.

An auto-encoder whose latent code is a text. A generator writes a summary of an article, a reconstructor
restores the article from the summary, and a critic that has seen example summaries keeps it readable. Tokens
are discrete, so no gradient passes through them: the generator learns by REINFORCE.

    L_G = − Σ_i (d_i − b_i + w [R(x | y*) − R(x | y)] + f [F(y*) − F(y)]) log p(y_i | y_<i, x)      section 3
    d_i = Σ_{j ≥ i} γ^(j−i) (s_j − s_{j−1})           s_j: the critic's probability after token j, section 4.2

y is the sampled summary and y* the greedy one; R is the nats a token of the reconstructed article, F those of
the summary under a bigram model of example summaries.

Phases: the critic learns to tell sampled summaries from example summaries; the summarizer (generator and
reconstructor) learns from the rewards, and to reconstruct the article from the greedy summary. Before that,
the generator learns from synthetic pairs.

Differs from the paper:
    * A synthetic summary is by default the most likely headline that deletion makes of the article
      (`methods/seq2seq2seq/headline_extraction.py`), and keeps a small weight after pre-training.
    * A bigram model rewards fluency, as the prior of SEQ3 (Baziotis et al., NAACL 2019).
    * A denoising task: example summaries have to be found among words of an article.
    * A countdown controls the length; GRUs replace LSTMs; the critic's baseline is the mean return of the
      batch at each step.
    * Generator and reconstructor read the vector of the text at each step, so the encoder learns to stand
      for an article and for a summary. Any encoder will do.
    The paper's pre-training is synthetic_summary="shuffled" with denoising_weight=0; its first method is
    gradient_estimator="softmax" with gan_loss="wgan-gp".

Data: articles, each as one sentence (split="lines"), and summaries of other articles.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.methods.base import Group, Step, Usability
from sentrep.methods.monitors import Monitor
from sentrep.methods.seq2seq2seq.monitors import monitors
from sentrep.methods.seq2seq2seq.rewards import summary_rewards
from sentrep.methods.seq2seq2seq.summary_generator import Source
from sentrep.methods.seq2seq2seq.summary_model import SummaryModel
from sentrep.methods.seq2seq2seq.summary_stats import summary_stats
from sentrep.methods.seq2seq2seq.supervised_pairs import SupervisedPairs, supervised_loss
from sentrep.methods.seq2seq2seq.synthetic_pairs import denoising_pairs, shuffled_pairs
from sentrep.modules.annealing import linear
from sentrep.modules.contrastive import gather
from sentrep.modules.padding import Texts, pad, remove_token, text_means
from sentrep.modules.reinforce import Rewards, policy_loss
from sentrep.modules.scaling import scale_to_unit_rms

RECONSTRUCTED_EVERY = 4
"""In pre-training the reconstructor learns from every fourth synthetic pair: it takes twice the time of the
generator, which needs the pairs more."""

USABILITY = Usability(steps=2000, reason="readable summaries start at about 2,000", document_length=1)


class Seq2Seq2Seq(SummaryModel):
    """An encoder with a generator, a reconstructor and a critic."""

    phases = ("critic", "summarizer")
    usability = USABILITY
    headline_metrics = ("gain_over_lead", "prefix_copy")
    reinitialised = ("critic.",)

    def active_phases(self, progress: float) -> tuple[str, ...]:
        self.progress = progress
        for network in (self.generator, self.reconstructor):
            network.dropout.p = self.config.generator_dropout if self.pretraining else 0.0
        if self.pretraining or self.config.critic_weight == 0:
            return ("summarizer",)
        return ("critic",) * self.config.critic_steps + ("summarizer",)

    @property
    def pretraining(self) -> bool:
        """Whether the generator learns from known summaries only."""
        return self.progress < self.config.pretrain_share

    def parameter_groups(self, phase: str) -> list[Group]:
        critic = {id(parameter) for parameter in self.critic.parameters()}
        mine = [
            each
            for each in self.parameters()
            if each.requires_grad and (id(each) in critic) == (phase == "critic")
        ]
        return [Group(mine, self.config.critic_lr_scale if phase == "critic" else 1.0)]

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        self.count_summaries()
        articles = pad(batch.ids, batch.offsets, self.config.max_article_tokens)
        nonempty = (articles.lengths > 0).nonzero().squeeze(1)
        with torch.set_grad_enabled(torch.is_grad_enabled() and phase == "summarizer"):
            articles, latent = articles.select(nonempty), scale_to_unit_rms(self.embed(batch)[nonempty])
            source = self.encode_source(articles, latent)
        if phase == "critic":
            return self.critic_step(source)
        if not self.training:
            return self.validation_step(articles, source)
        counts = articles.ids[articles.mask].bincount(minlength=self.end)
        self.article_counts += gather(counts.unsqueeze(0)).sum(0)
        supervised = self.supervised_step(articles, latent, source)
        return supervised if self.pretraining else self.reward_step(articles, source, supervised)

    def critic_step(self, source: Source) -> Step:
        """The critic learns to tell example summaries from as many sampled ones."""
        with torch.no_grad():
            length = self.reference.sample_lengths(len(source.latent))
            sampled, noise = self.generate(source, self.strategy, length, limit=length)
            soft = None
            if self.config.gradient_estimator == "softmax":  # straight-through tokens are hard ones here
                soft = self.soft_tokens(self.generator.teacher_force(source, sampled, length), source, noise)
        return Step(*self.critic(self.real_summaries(len(sampled.ids)), sampled, soft))

    def supervised_step(self, articles: Texts, latent: Float[Tensor, "text width"], source: Source) -> Step:
        """The generator learns known summaries, and in pre-training the reconstructor reads them."""
        pairs = list(self.supervised_pairs(articles, latent, source))
        loss, metrics = supervised_loss(self.generator, pairs, self.end, self.config.coverage_weight)
        if self.pretraining:  # later the reconstructor reads generated summaries
            some = torch.arange(0, len(latent), RECONSTRUCTED_EVERY, device=latent.device)
            nll = self.reconstruction_nll(
                pairs[0].summaries.select(some), pairs[0].articles.select(some)
            ).mean()
            loss, metrics["reconstruction_nll"] = loss + nll, nll.detach()
        return Step(loss, metrics)

    def supervised_pairs(
        self, articles: Texts, latent: Float[Tensor, "text width"], source: Source
    ) -> Iterator[SupervisedPairs]:
        """Yields synthetic pairs, annotated pairs and denoising pairs."""
        config, count = self.config, len(latent)
        scale = 1.0 if self.pretraining else config.auxiliary_scale
        if config.synthetic_weight:
            if config.synthetic_summary == "headline":
                summaries = self.headlines(articles, self.reference.sample_lengths(count))
            else:
                shuffled, summaries = shuffled_pairs(articles)
                source = self.encode_source(shuffled, latent)
            yield SupervisedPairs("synthetic", scale * config.synthetic_weight, source, articles, summaries)
        if config.pairs is not None:
            chosen = torch.randint(len(self.pairs[0].ids), (count,), device=latent.device)
            read, summaries = (texts.select(chosen) for texts in self.pairs)
            yield SupervisedPairs("supervised", 1.0, self.encode(read), read, summaries)
        if config.denoising_weight:
            noisy, sentences = denoising_pairs(self.reference.sample(count), articles, self.word_start)
            weight = scale * config.denoising_weight
            yield SupervisedPairs("denoising", weight, self.encode(noisy), noisy, sentences)

    def reward_step(self, articles: Texts, source: Source, supervised: Step) -> Step:
        """The generator learns from critic and reconstructor, the reconstructor from greedy summaries."""
        config, length = self.config, self.reference.sample_lengths(len(source.latent))
        sampled, noise = self.generate(source, self.strategy, length, limit=length)
        greedy, _ = self.generate(source, "greedy", length, limit=length)
        output = self.generator.teacher_force(source, sampled, length)
        soft = self.soft_tokens(output, source, noise)
        greedy_nll = self.reconstruction_nll(remove_token(greedy, self.end), articles)
        coverage_loss = text_means(output.coverage_loss, sampled.mask).mean()
        loss = greedy_nll.mean() + config.coverage_weight * coverage_loss + supervised.loss
        metrics = supervised.metrics | {"greedy_reconstruction_nll": greedy_nll.mean().detach()}
        rewarded = loss
        if soft is not None and config.critic_weight:
            real = self.real_summaries(len(sampled.ids))
            rewarded = rewarded + config.critic_weight * self.critic.generator_loss(real, sampled, soft)
        if config.gradient_estimator == "gumbel":  # the reconstructor, too, passes its gradient
            nll = self.reconstruction_nll(remove_token(sampled, self.end), articles, soft)
            rewarded = rewarded + self.reconstruction_weight * nll.mean()
        else:
            rewards, sampled_nll = self.rewards(articles, sampled, greedy, greedy_nll)
            log_prob = self.generator.decoder.log_prob(output, source.memory, sampled.ids, sampled.mask)
            # The end that follows the last allowed token was not chosen.
            step = torch.arange(sampled.ids.shape[1], device=log_prob.device)
            chosen = sampled.mask & (step < length.unsqueeze(1))
            rewarded = rewarded + policy_loss(log_prob, rewards.advantage, chosen).sum() / chosen.sum()
            metrics |= {
                "sampled_reconstruction_nll": sampled_nll,
                "advantage": rewards.advantage[sampled.mask].std(),
            }
        delayed = self.progress < config.pretrain_share + config.reward_delay
        return Step(loss if delayed else rewarded, metrics)

    @torch.no_grad()
    def rewards(
        self, articles: Texts, sampled: Texts, greedy: Texts, greedy_nll: Float[Tensor, " text"]
    ) -> tuple[Rewards, Float[Tensor, ""]]:
        """Returns the rewards of sampled summaries, and the reconstruction loss of their articles."""
        tokens, usual = remove_token(sampled, self.end), remove_token(greedy, self.end)
        sampled_nll, fluency = self.reconstruction_nll(tokens, articles), self.reference.language_model
        losses = [
            (self.reconstruction_weight, sampled_nll, greedy_nll),
            (self.config.fluency_weight, -fluency.mean_log_prob(tokens), -fluency.mean_log_prob(usual)),
        ]
        stepwise = self.config.critic_weight > 0 and self.config.gradient_estimator == "reinforce"
        probability = self.critic.real_probability(sampled) if stepwise else None
        scales = self.config.critic_weight, self.config.discount
        return summary_rewards(losses, probability, sampled.mask, *scales), sampled_nll.mean()

    def validation_step(self, articles: Texts, source: Source) -> Step:
        """Compares greedy summaries of the mean length of example summaries with sampled ones and with the
        beginning of the article."""
        length = self.reference.texts.lengths.float().mean().round().long().expand(len(articles.ids))
        ended_greedy, ended_sampled = (
            self.generate(source, each, length, self.config.max_summary_tokens)[0]
            for each in ("greedy", "sample")
        )
        greedy, sampled = (remove_token(each, self.end) for each in (ended_greedy, ended_sampled))
        beginning = articles.mask.cumsum(1) <= greedy.lengths.unsqueeze(1)
        lead = Texts(articles.ids, articles.mask & beginning)
        greedy_nll, sampled_nll, lead_nll = (
            self.reconstruction_nll(texts, articles) for texts in (greedy, sampled, lead)
        )
        language_model = self.reference.heldout_language_model
        metrics = summary_stats(greedy, articles) | {
            "greedy_reconstruction_nll": greedy_nll.mean(),
            "sampled_reconstruction_nll": sampled_nll.mean(),
            "gain_over_lead": (lead_nll - greedy_nll).mean(),
            "pretraining": torch.tensor(float(self.pretraining)),
            "fluency_nll": -language_model.mean_log_prob(greedy).mean(),
            "sampled_fluency_nll": -language_model.mean_log_prob(sampled).mean(),
        }
        if self.config.gradient_estimator != "gumbel":
            rewards = self.rewards(articles, ended_sampled, ended_greedy, greedy_nll)[0]
            metrics |= {
                "advantage": rewards.advantage[ended_sampled.mask].std(),
                "reward_noise": rewards.noise_ratio(ended_sampled.mask),
            }
        return Step(greedy_nll.mean(), metrics)

    @property
    def reconstruction_weight(self) -> float:
        """Weight of the reconstruction reward at this time of the run."""
        first, last = self.config.reconstruction_weight, self.config.reconstruction_weight_end
        if last is None:
            return first
        return linear(self.progress, self.config.pretrain_share, 1.0, first, last)

    def monitors(self) -> list[Monitor]:
        return monitors(self.config)
