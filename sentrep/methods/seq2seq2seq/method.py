"""Seq2seq2seq: "Learning to encode text as human-readable summaries using generative adversarial networks",
Wang & Lee, EMNLP 2018.

An auto-encoder whose code is a text. A generator writes a short text from a long one, a reconstructor
restores the long one from it, and a critic that has seen what people write keeps the short text readable.
Words are discrete, so no gradient comes back through them: the generator learns by REINFORCE.

    L_G = − Σ_i (d_i − b_i + w [R(x | y*) − R(x | y)] + f [F(y*) − F(y)]) log p(y_i | y_<i, x)                       section 3
    d_i = Σ_{j ≥ i} γ^(j−i) (s_j − s_{j−1})                                s_j: the critic's belief after word j    section 4.2

y is drawn and y* greedy; R are nats a token of the article as it is restored, F of the summary under a bigram
model of people's sentences.

The phases: the critic learns to tell drawn summaries from people's sentences; the summarizer is generator and
reconstructor, which learns to restore the article from the greedy summary. Before all that the generator
learns from self-made pairs.

Differs from the paper: the self-made summary is, by default, the likeliest headline that deletion makes of
the article (`methods/seq2seq2seq/headline_extraction.py`), and goes on to be learnt a little, as an anchor;
fluency is rewarded by F, too, which SEQ3 has as a prior (Baziotis et al., NAACL 2019); people's sentences are
also hidden among an article's words, to be found again; a countdown controls the length; GRUs for LSTMs; the
critic's baseline is the batch's mean return at each step. The vector of a text, which any encoder gives, is
read by generator and reconstructor at each step, so it learns to stand for an article, and for a summary. The
paper's pre-training: ``--self-made shuffled --hidden 0``; its first method: ``--learns-by softmax --adversary
wgan-gp``.

Wants articles, each as one sentence (``--split lines``), and sentences that people wrote about others
(``--summaries``)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.batching import encode_tokens
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.methods.base import Group, MakeEncoder, Method, Step, Usability
from sentrep.methods.monitors import Monitor
from sentrep.methods.seq2seq2seq.config import Seq2Seq2SeqConfig
from sentrep.methods.seq2seq2seq.critic import Judge, Soft, mixed, sharp
from sentrep.methods.seq2seq2seq.headline_extraction import NEVER, RARITY, beginnings, preference
from sentrep.methods.seq2seq2seq.monitors import monitors
from sentrep.methods.seq2seq2seq.summary_generator import How, Noise, Rewriter, Source
from sentrep.methods.seq2seq2seq.summary_stats import wording
from sentrep.methods.seq2seq2seq.supervised import Lesson, learn
from sentrep.methods.seq2seq2seq.synthetic_pairs import headlines, hidden, shuffled
from sentrep.modules.annealing import linear
from sentrep.modules.contrastive import gather
from sentrep.modules.decoding import Generator
from sentrep.modules.gru_decoder import scaled
from sentrep.modules.padding import Texts, ended, pad, without
from sentrep.modules.pointer_generator import Outcome
from sentrep.modules.reference_text import Written, read_pairs
from sentrep.modules.reinforce import Earned, centred, policy_loss, returns, self_critical, step_rewards
from sentrep.utils.errors import InputError, opt

USABILITY = Usability(steps=2000, reason="readable summaries start at about 2,000", document_length=1)
RESTORED = 4
"""Of so many self-made pairs the reconstructor learns from one: it takes twice the time of the generator,
which needs them more."""


class Seq2Seq2Seq(Method):
    """Generator, reconstructor and critic around an encoder."""

    phases = ("critic", "summarizer")
    usability = USABILITY
    headline_metrics = ("gain_over_lead", "prefix_copy")
    reinitialised = ("critic.",)
    read: Int[Tensor, " vocab"]
    wrote: Int[Tensor, " vocab"]
    """How often each token was met in articles so far, and in people's sentences."""
    never: Bool[Tensor, " vocab"]
    """Tokens that stand for no text."""

    def __init__(
        self, config: Seq2Seq2SeqConfig, make_encoder: MakeEncoder, token_budget: int = 4096
    ) -> None:
        super().__init__()
        self.config, self.token_budget, self.share = config, token_budget, 0.0
        self.f = make_encoder()
        width = self.f.get_embedding_dimension()
        assert width is not None
        self.tokenizer, self.end = Tokenizer(inner_tokenizer(self.f)), token_table(self.f).num_embeddings
        sizes = config.generator_token_width, config.generator_width, width
        self.generator = Rewriter(
            self.end, config.shortlist, *sizes, coverage=config.coverage > 0, weighed=True
        )
        self.reconstructor = Rewriter(self.end, config.shortlist, *sizes, coverage=False)
        stepwise, straight = config.learns_by == "reinforce", config.learns_by == "gumbel"
        self.critic = Judge(
            self.end + 1, *sizes[:2], stepwise=stepwise, adversary=config.adversary, straight=straight
        )
        special = torch.tensor(list(self.tokenizer.special)).long()
        self.register_buffer(
            "never", torch.zeros(self.end, dtype=torch.bool).index_fill(0, special, True), False
        )
        self.drawing: How = "gumbel" if config.learns_by == "gumbel" else "drawn"
        for name in ("read", "wrote"):
            self.register_buffer(name, torch.zeros(self.end, dtype=torch.long))

    def active_phases(self, progress: float) -> tuple[str, ...]:
        self.share = progress
        for part in (self.generator, self.reconstructor):
            part.drop.p = self.config.generator_dropout if progress < self.config.pretrain else 0.0
        if progress < self.config.pretrain or self.config.critic == 0:
            return ("summarizer",)
        return ("critic",) * self.config.critic_turns + ("summarizer",)

    def parameter_groups(self, phase: str) -> list[Group]:
        critics = {id(parameter) for parameter in self.critic.parameters()}
        mine = [
            each
            for each in self.parameters()
            if each.requires_grad and (id(each) in critics) == (phase == "critic")
        ]
        return [Group(mine, self.config.critic_rate if phase == "critic" else 1.0)]

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        assert self.written  # read before anything else, for its counts
        articles = pad(batch.ids, batch.offsets, self.config.longest)
        full = (articles.lengths > 0).nonzero().squeeze(1)
        with torch.set_grad_enabled(torch.is_grad_enabled() and phase == "summarizer"):
            articles, code = articles.rows(full), scaled(self.embed(batch)[full])
            source = self.told(articles, code)
        if phase == "critic":
            return self.judge(source)
        if not self.training:
            return self.look(articles, source)
        self.read += gather(articles.ids[articles.alive].bincount(minlength=self.end).unsqueeze(0)).sum(0)
        taught = self.teach(articles, code, source)
        return taught if self.share < self.config.pretrain else self.reinforce(articles, source, taught)

    def judge(self, source: Source) -> Step:
        """The critic's turn: people's sentences against as many drawn ones."""
        with torch.no_grad():
            length = self.written.lengths(len(source.code))
            drawn, noise = self.write(source, self.drawing, length, strictly=True)
            hard = self.config.learns_by == "reinforce"
            soft = None if hard else self.softened(self.generator.after(source, drawn, length), source, noise)
        return Step(*self.critic(self.people(len(drawn.ids)), drawn, soft))

    def teach(self, articles: Texts, code: Float[Tensor, "text width"], source: Source) -> Step:
        """Known summaries: the generator is to write them, and in pre-training the reconstructor to read
        them."""
        lessons = list(self.lessons(articles, code, source))
        loss, metrics = learn(self.generator, lessons, self.end, self.config.coverage)
        if self.share < self.config.pretrain:  # later the reconstructor reads what the generator writes
            some = torch.arange(0, len(code), RESTORED, device=code.device)
            restored = self.restored(lessons[0].summaries.rows(some), lessons[0].articles.rows(some)).mean()
            loss, metrics["restored_nll"] = loss + restored, restored.detach()
        return Step(loss, metrics)

    def lessons(self, articles: Texts, code: Float[Tensor, "text width"], source: Source) -> Iterator[Lesson]:
        """Summaries that deletion makes, that people made, and those that are hidden among other words. What
        is made up counts less once there are rewards."""
        config, count = self.config, len(code)
        made_up = 1.0 if self.share < config.pretrain else config.anchor
        if config.self_made_weight:
            if config.self_made == "headline":
                wanted = self.headlines(articles, self.written.lengths(count))
            else:
                mixed_up, wanted = shuffled(articles)
                source = self.told(mixed_up, code)
            yield Lesson("self_made", made_up * config.self_made_weight, source, articles, wanted)
        if config.pairs is not None:
            chosen = torch.randint(len(self.pairs[0].ids), (count,), device=code.device)
            given, summaries = (texts.rows(chosen) for texts in self.pairs)
            yield Lesson("supervised", 1.0, self.told(given, self.code(given)), given, summaries)
        if config.hidden:
            among, sentences = hidden(self.written.draw(count), articles, self.begins)
            yield Lesson(
                "hidden", made_up * config.hidden, self.told(among, self.code(among)), among, sentences
            )

    def reinforce(self, articles: Texts, source: Source, taught: Step) -> Step:
        """What is drawn, and what critic and reconstructor make of it."""
        config, length = self.config, self.written.lengths(len(source.code))
        (drawn, noise), (greedy, _) = (
            self.write(source, how, length, strictly=True) for how in (self.drawing, "greedy")
        )
        outcome = self.generator.after(source, drawn, length)
        soft = self.softened(outcome, source, noise)
        from_greedy = self.restored(without(greedy, self.end), articles)
        loss = from_greedy.mean() + config.coverage * outcome.repeated.mean() + taught.loss
        metrics = taught.metrics | {"from_greedy_nll": from_greedy.mean().detach()}
        heard = loss
        if soft is not None and config.critic:
            heard = heard + config.critic * self.critic.opinion(self.people(len(drawn.ids)), drawn, soft)
        if config.learns_by == "gumbel":  # the reconstructor's opinion, too, comes back through the words
            heard = heard + self.weight * self.restored(without(drawn, self.end), articles, soft).mean()
        else:
            earned, from_drawn = self.rewards(articles, drawn, greedy, from_greedy)
            told = self.generator.decoder.log_probability(outcome, source.memory, drawn.ids, drawn.alive)
            chosen = drawn.alive & (
                torch.arange(drawn.ids.shape[1], device=told.device) < length.unsqueeze(1)
            )
            heard = heard + policy_loss(told, earned.advantage, chosen).sum() / chosen.sum()
            metrics |= {"from_drawn_nll": from_drawn, "advantage": earned.advantage[drawn.alive].std()}
        return Step(loss if self.share < config.pretrain + config.unrewarded else heard, metrics)

    @torch.no_grad()
    def rewards(
        self, articles: Texts, drawn: Texts, greedy: Texts, from_greedy: Float[Tensor, " text"]
    ) -> tuple[Earned, Float[Tensor, ""]]:
        """What each word of drawn summaries was worth, and what the articles cost that are restored from
        them."""
        words, usual = without(drawn, self.end), without(greedy, self.end)
        from_drawn, fluent = self.restored(words, articles), self.written.language.of_texts
        whole = self.weight * self_critical(from_drawn, from_greedy)
        whole = whole + self.config.fluency * self_critical(-fluent(words), -fluent(usual))
        reward = advantage = whole.unsqueeze(1).expand(drawn.ids.shape)
        if self.config.critic and self.config.learns_by == "reinforce":
            value = returns(
                step_rewards(self.critic.belief(drawn), drawn.alive), drawn.alive, self.config.discount
            )
            reward = reward + self.config.critic * value
            advantage = advantage + self.config.critic * centred(value, drawn.alive)
        return Earned(reward, advantage), from_drawn.mean()

    @property
    def weight(self) -> float:
        """Of the reconstructor's opinion, at this time of the run."""
        first, last = self.config.reconstruction, self.config.reconstruction_end
        return first if last is None else linear(self.share, self.config.pretrain, 1.0, first, last)

    def look(self, articles: Texts, source: Source) -> Step:
        """Validation: greedy summaries as long as people's are on average, beside drawn ones and the
        article's beginning."""
        length = self.written.texts.lengths.float().mean().round().long().expand(len(articles.ids))
        ended_greedy, ended_drawn = (self.write(source, how, length)[0] for how in ("greedy", "drawn"))
        greedy, drawn = without(ended_greedy, self.end), without(ended_drawn, self.end)
        lead = Texts(articles.ids, articles.alive & (articles.alive.cumsum(1) <= greedy.lengths.unsqueeze(1)))
        from_greedy, from_drawn, from_lead = (
            self.restored(texts, articles) for texts in (greedy, drawn, lead)
        )
        metrics = wording(greedy, articles) | {
            "from_greedy_nll": from_greedy.mean(),
            "from_drawn_nll": from_drawn.mean(),
            "gain_over_lead": (from_lead - from_greedy).mean(),
            "pretraining": torch.tensor(float(self.share < self.config.pretrain)),
            "fluency_nll": -self.written.outside.of_texts(greedy).mean(),
            "drawn_fluency_nll": -self.written.outside.of_texts(drawn).mean(),
        }
        if self.config.learns_by != "gumbel":
            earned = self.rewards(articles, ended_drawn, ended_greedy, from_greedy)[0]
            metrics |= {
                "advantage": earned.advantage[ended_drawn.alive].std(),
                "reward_noise": earned.noise(ended_drawn.alive),
            }
        return Step(from_greedy.mean(), metrics)

    def headlines(self, articles: Texts, length: Int[Tensor, " text"]) -> Texts:
        """The likeliest headlines of so many tokens that deletion makes of articles: what the generator
        begins with."""
        worth = self.worth.masked_fill(self.never, NEVER)
        return headlines(articles, length, worth, self.begins, self.written.language)

    def told(self, articles: Texts, code: Float[Tensor, "text width"]) -> Source:
        """Articles as the generator reads them."""
        return self.generator.read(articles, code, worth=self.worth / RARITY, begins=self.begins)

    @property
    def worth(self) -> Float[Tensor, " vocab"]:
        """Of each token in a headline."""
        return preference(self.wrote, self.read)

    def write(
        self, source: Source, how: How, length: Int[Tensor, " text"], strictly: bool = False
    ) -> tuple[Texts, Noise]:
        """Summaries with their ends, of about so many tokens; strictly, of no more: else longer ones, which
        tell more, are paid."""
        return self.generator.write(
            source, length, length if strictly else self.config.at_most, self.never, how
        )

    def restored(self, summaries: Texts, articles: Texts, soft: Soft | None = None) -> Float[Tensor, " text"]:
        """Nats a token of the articles, as the reconstructor sees them from summaries."""
        tokens = (
            None
            if soft is None
            else mixed(self.reconstructor.rows.weight, summaries, soft, self.critic.straight)
        )
        source = self.reconstructor.read(summaries, self.code(summaries), tokens)
        return self.reconstructor.surprise(source, ended(articles, self.end))[0]

    def softened(self, outcome: Outcome, source: Source, noise: Noise) -> Soft | None:
        """Words as a gradient can pass through them: their distribution, or a sharp one around what was
        drawn."""
        if self.config.learns_by == "reinforce":
            return None
        probabilities = self.generator.decoder.probabilities(outcome, source.memory)
        return (
            probabilities
            if self.config.learns_by == "softmax"
            else sharp(probabilities, torch.stack(noise, 1))
        )

    def people(self, count: int) -> Texts:
        """So many sentences of people, with their ends."""
        return ended(self.written.draw(count), self.end)

    def code(self, texts: Texts) -> Float[Tensor, "text width"]:
        """What generator and reconstructor are told of a text as a whole."""
        offsets = F.pad(texts.lengths.cumsum(0), (1, 0))
        return scaled(encode_tokens(self.f, texts.ids[texts.alive], offsets, self.token_budget))

    @cached_property
    def written(self) -> Written:
        """What people wrote; read when it is first needed, so that a trained model does without."""
        config, device = self.config, self.never.device
        if config.summaries is None:
            raise InputError(
                f"seq2seq2seq learns from people's sentences what a summary is: give {opt('summaries')} FILE. Titles of the corpus "
                f"will do, with {opt('summaries_field')} title"
            )
        read = (
            config.summaries,
            config.summaries_field,
            config.summaries_split,
            self.tokenizer,
            config.at_most,
        )
        written = Written.read(*read, self.end, device)
        self.wrote.copy_(written.counts(self.end))
        return written

    @cached_property
    def pairs(self) -> tuple[Texts, Texts]:
        """Articles with people's summaries."""
        assert self.config.pairs is not None
        lengths = self.config.longest, self.config.at_most
        return read_pairs(
            self.config.pairs, self.tokenizer, self.config.pairs_used, *lengths, self.never.device
        )

    @cached_property
    def begins(self) -> Bool[Tensor, " vocab"]:
        """Which tokens begin a word."""
        tokens = [self.tokenizer.inner.id_to_token(number) or "" for number in range(self.end)]
        return beginnings(tokens).to(self.never.device)

    def summarizer(self, articles: Texts, length: Int[Tensor, " text"]) -> Generator:
        """What writes summaries of about so many tokens."""
        return self.generator.generator(self.told(articles, self.code(articles)), length)

    def monitors(self) -> list[Monitor]:
        return monitors(self.config)
