"""Meters that show a collapse while there is still time (with `modules.spectrum`), and the alarms that name
its cause.

Each takes vectors (sentence, width) of held-out sentences. Why these: METER -> FAILURE in the docs page
"monitors"."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.modules.spectrum import SAMPLE

FEW = 16
"""Candidates fewer than these teach next to nothing."""

DEAF = 0.02
"""Nats a token. A decoder that loses less by another sentence's vector gets by without."""

COPIED = 0.6
"""Of a summary, from its first word on: more is hardly a summary. People's headlines have .03."""

SURE = 0.95
"""A critic that is right more often has won."""

NOISY = 10.0
"""Spread of what drawn words earn, in mean rewards: beyond that it is chance that is learnt from."""

CLIPPED = 0.5
"""Share of the steps whose gradient was shortened: where rewards are learnt from, more than this is noise,
cut to size."""

COIN = 0.55
"""Of a test between two: a better share than this is worth speaking of."""

ONE_SIDED = 0.9
"""Of the constituents: trees that share more with branching to one side do little else."""

TIE = 1e-6
"""Cosines nearer than this are equal: the last digits of a product depend on its place in the matrix."""


def neighbour_mrr(vectors: Float[Tensor, "sentence width"], batch: SentenceBatch) -> float:
    """Mean reciprocal rank of the following sentence among all sentences of the batch, by cosine; ties by
    expected rank.

    Needs no label, means the same for every method, and falls to chance when vectors collapse.
    """
    unit = F.normalize(vectors.float(), dim=1)
    first, second = batch.pairs(1)
    if len(first) == 0:
        return 0.0
    scores = unit[first] @ unit.T
    own = scores.gather(1, second.unsqueeze(1))
    scores.scatter_(1, first.unsqueeze(1), -torch.inf)  # the sentence itself is no candidate
    better = (scores > own + TIE).sum(1)
    ties = ((scores - own).abs() <= TIE).sum(
        1
    )  # the right one among them: it stands anywhere in its group with equal chance
    harmonic = torch.cat(
        [
            torch.zeros(1, device=scores.device),
            (1 / torch.arange(1, scores.shape[1] + 1, device=scores.device)).cumsum(0),
        ]
    )
    return float(
        ((harmonic[better + ties] - harmonic[better]) / ties.clamp(min=1)).mean()
    )  # no ties at all: not a number


def alarms(values: dict[str, float], width: int, documents: int, sentences: int = SAMPLE) -> list[str]:
    """What is going wrong, why that happens, and what to try. Empty while all is well.

    Args:
        values: the meters, and of the method's metrics those named ``loss`` and ``chance`` (the loss of a
            blind guess).
        width: of the vectors.
        documents: how many documents the sentences came from; few documents make any encoder look alike.
        sentences: how many there were; they cannot fill more dimensions than that.
    """
    found = []
    rank, cosine = values.get("effective_rank", math.inf), values.get("mean_cosine", 0.0)
    if rank < 0.1 * min(width, sentences, SAMPLE):
        found.append(
            f"dimensional collapse: the vectors fill {rank:.0f} of {width} dimensions. "
            "Try a larger --batch-size, a higher --temperature, or a lower --lr."
        )
    if cosine > 0.9:
        found.append(
            f"all vectors point the same way (mean cosine {cosine:.2f}). "
            "Try a lower --lr, --score cosine, or check that the corpus is not one text repeated."
        )
    if values.get("chance", math.inf) < math.log(FEW):
        found.append(
            f"too easy: a sentence chooses among {math.exp(values['chance']):.1f} candidates. Try a larger --batch-size, and for a "
            "corpus of few documents --negatives other-runs."
        )
    # At a low temperature the loss of a good order may lie above that of a blind guess: it counts only if
    # nothing is found either.
    blind = 4 * math.exp(-values.get("chance", math.inf))
    if (
        values.get("loss", -math.inf) > 0.98 * values.get("chance", math.inf)
        and values.get("accuracy", 0.0) < blind
    ):
        found.append(
            f"nothing is learnt yet: loss {values['loss']:.2f} against {values['chance']:.2f} for a blind guess. "
            "Try a higher --lr or more --epochs, and check that neighbours in the corpus belong together (--split)."
        )
    gap = values.get("accuracy", 0.0) - values.get("accuracy_same_document", math.inf)
    if gap > 0.4 and documents > 1:
        found.append(
            f"shortcut: neighbours are told from other documents' sentences {100 * gap:.0f} points better than from their own "
            "document's. The vectors tell topics, not sentences; try longer runs (--segment-length) with --negatives all."
        )
    near, far = (values.get(f"next_against_{where}", 0.5) for where in ("same_document", "other_documents"))
    if near < COIN and far > near + 0.3:
        found.append(
            f"shortcut: the following sentence is nearer than another document's in {100 * far:.0f} of 100 cases, than one of "
            f"its own in {100 * near:.0f}, hardly more than a coin. The vectors tell documents, not sentences; try --negatives all "
            "or same-document."
        )
    if values.get("prefix_copy", 0.0) > COPIED and not values.get("pretraining"):
        found.append(
            f"summaries copy: {100 * values['prefix_copy']:.0f} % of a summary is the article's own beginning. "
            "Try a higher --critic, a lower --reconstruction, or other --summaries."
        )
    if values.get("gain_over_lead", math.inf) <= 0 and not values.get("pretraining"):
        found.append(
            "summaries say no more than the article's beginning of the same length: the article is restored no better from them "
            f"({values['gain_over_lead']:+.3f} nats a token). Try a higher --reconstruction, or train longer."
        )
    if values.get("critic_accuracy", 0.0) > SURE and not values.get("pretraining"):
        found.append(
            f"the critic is sure ({100 * values['critic_accuracy']:.0f} % right), so its rewards tell words hardly apart. "
            "Try fewer --critic-turns, another --adversary, or a longer --pretrain."
        )
    if values.get("reward_noise", 0.0) > NOISY and not values.get("pretraining"):
        found.append(
            f"rewards are noise: what drawn words earn spreads {values['reward_noise']:.0f} times as wide as rewards are large. "
            "Try a larger --batch-size, a lower --discount, or a longer --pretrain."
        )
    if "reward_noise" in values and values.get("clipped", 0.0) > CLIPPED and not values.get("pretraining"):
        found.append(
            f"gradients are too long: {100 * values['clipped']:.0f} % of the last steps were shortened to --clip. "
            "Try a lower --reconstruction and --critic, a larger --batch-size, or a higher --clip."
        )
    for side in ("right", "left"):
        if values.get(f"{side}_f1", 0.0) > ONE_SIDED:
            found.append(
                f"the trees have collapsed: {100 * values[f'{side}_f1']:.0f} % of their parts are those of {side} branching. "
                "Try another --seed, a lower --parser-rate, a longer --prior-warmup, or some trees (--trees, --supervision first); "
                "keep punctuation in the corpus."
            )
    if values.get("code_gap", math.inf) < DEAF:
        found.append(
            f"the decoder does not listen: another sentence's vector costs it only {values['code_gap']:.3f} nats a token. "
            "Train longer, or at a higher --lr; try --condition every-gate or a narrower decoder (--decoder-width)."
        )
    return found
