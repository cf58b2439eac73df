"""Encoding of ragged token ids and of texts with little padding.

Sentences have 1 to 100 tokens. If they were padded in their original order, most of the work of a
transformer or an RNN would be padding. So rows are sorted by length, cut into micro-batches of about
`token_budget` padded tokens, and the vectors are returned in the original order. A bag needs no
padding.

The file is over 250 lines long because encoding of ids and of texts share the micro-batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding, WordEmbeddings
from torch import Tensor, nn

from sentrep.data.normalization import without_surrogates
from sentrep.data.truncation import Truncation
from sentrep.encoders.concat import Concatenation, concatenate
from sentrep.encoders.fast.memory import fast_form, fast_form_for_ids
from sentrep.encoders.token_encoder import TokenEncoder
from sentrep.utils.progress import progress

TOKEN_BUDGET = 4096


def encode_tokens(
    encoder: SentenceTransformer,
    ids: Int[Tensor, " token"],
    offsets: Int[Tensor, " offset"],
    token_budget: int = TOKEN_BUDGET,
) -> Float[Tensor, "sentence width"]:
    """Returns the vectors of ragged sentences, with gradient if gradients are enabled.

    Sentence i is ``ids[offsets[i]:offsets[i + 1]]``, cut to the maximum length of the encoder.
    """
    if isinstance(encoder[0], StaticEmbedding):
        return _vectors(encoder, {"input_ids": ids, "offsets": offsets[:-1]})
    if len(offsets) == 1:
        return torch.zeros(0, encoder.get_embedding_dimension(), device=ids.device)
    if (fast := fast_form_for_ids(encoder)) is not None:
        return fast.vectors_of_ids(ids, offsets, token_budget)
    return _in_order(list(_read(encoder, ids, offsets, token_budget)), offsets)


def encode_with_states(
    encoder: SentenceTransformer,
    ids: Int[Tensor, " token"],
    offsets: Int[Tensor, " offset"],
    token_budget: int = TOKEN_BUDGET,
) -> tuple[Float[Tensor, "sentence width"], Float[Tensor, "token state_width"]]:
    """Returns the vectors of `encode_tokens`, and the encoder's state of each token.

    A bag has no states, so the token's row is returned. States of tokens that were cut off are zeros.
    """
    if isinstance(encoder[0], StaticEmbedding):
        return encode_tokens(encoder, ids, offsets), encoder[0].embedding.weight[ids]
    batches = list(_read(encoder, ids, offsets, token_budget))
    states = [batch.read["token_embeddings"][batch.present] for batch in batches]
    places = [
        (offsets[batch.rows].unsqueeze(1) + torch.arange(batch.present.shape[1], device=ids.device))[
            batch.present
        ]
        for batch in batches
    ]
    flat = torch.cat(states)
    return _in_order(batches, offsets), flat.new_zeros(len(ids), flat.shape[1]).index_copy(
        0, torch.cat(places), flat
    )


@torch.inference_mode()
def encode(
    encoder: SentenceTransformer,
    texts: Sequence[str],
    token_budget: int = TOKEN_BUDGET,
    show_progress: bool = False,
    truncation: Truncation | None = None,
    precision: str = "fp32",
) -> np.ndarray:
    """Returns the vectors of texts, float32 (text, width), in the given order.

    Lone surrogates are replaced by U+FFFD. A bag gives the zero vector for a text without known tokens.

    Args:
        encoder: any encoder; those of this package and stock ones are batched by length.
        texts: sentences or longer texts.
        token_budget: padded tokens of a micro-batch.
        show_progress: whether to show a progress bar.
        truncation: counts the tokens that the encoder does not read, if given.
        precision: 'fp32', 'bf16', or 'auto' for bf16 where the processor multiplies it; of models of the fast
            path, the others are computed in fp32.

    Raises:
        TypeError: `texts` is a single string, which would be read letter by letter.
    """
    if isinstance(texts, str):
        raise TypeError("encode takes a list of sentences; for one sentence pass [sentence]")
    encoder.eval()
    counts = Truncation()
    texts = [without_surrogates(text) for text in texts]
    if isinstance(encoder[0], Concatenation) and len(encoder) == 1:
        vectors = _concatenated(encoder[0], texts, token_budget, show_progress, counts, precision)
    elif not texts:
        vectors = np.zeros((0, encoder.get_embedding_dimension()), np.float32)
    elif (fast := fast_form(encoder, precision)) is not None:
        vectors = fast.encode(texts, token_budget, show_progress, counts)
    elif _prompted(encoder) or not isinstance(encoder[0], BATCHED):
        vectors = _by_sentence_transformers(encoder, texts, show_progress, counts)
    else:
        vectors = _batched(encoder, texts, token_budget, show_progress, counts)
    if truncation is not None:
        truncation.merge(counts)
    return vectors


BATCHED = (StaticEmbedding, Transformer, WordEmbeddings, TokenEncoder)
"""First modules that are batched here; others use the `encode` of sentence-transformers."""


def _concatenated(
    module: Concatenation,
    texts: list[str],
    token_budget: int,
    show_progress: bool,
    counts: Truncation,
    precision: str,
) -> np.ndarray:
    """Returns the vectors of all parts; `truncation` counts those of the part that reads least."""
    parts, read = [], []
    for part in module.encoders:
        read.append(Truncation())
        parts.append(torch.from_numpy(encode(part, texts, token_budget, show_progress, read[-1], precision)))
    counts.merge(max(read, key=lambda each: each.unread))
    if texts:
        return concatenate(parts).numpy()
    return np.zeros((0, sum(part.shape[1] for part in parts)), np.float32)


def _prompted(encoder: SentenceTransformer) -> bool:
    """Whether the encoder puts a prompt before every text. A prompt of spaces alone changes no token."""
    name = encoder.default_prompt_name
    return bool(name and encoder.prompts.get(name, "").strip())


def _by_sentence_transformers(
    encoder: SentenceTransformer, texts: list[str], show_progress: bool, counts: Truncation
) -> np.ndarray:
    if isinstance(encoder[0], BATCHED):
        token_ids(encoder[0], texts, counts)
    vectors = encoder.encode(texts, show_progress_bar=show_progress, convert_to_numpy=True)
    return np.asarray(vectors, dtype=np.float32)


def _batched(
    encoder: SentenceTransformer, texts: list[str], token_budget: int, show_progress: bool, counts: Truncation
) -> np.ndarray:
    chunks = []
    starts = range(0, len(texts), 8192)
    for start in progress(starts, "embedding", len(starts), "batch of 8192") if show_progress else starts:
        rows = token_ids(encoder[0], texts[start : start + 8192], counts)
        ids = torch.tensor([token for row in rows for token in row], dtype=torch.long, device=encoder.device)
        offsets = torch.tensor(np.cumsum([0, *map(len, rows)]), device=encoder.device)
        vectors = encode_tokens(encoder, ids, offsets, token_budget)[:, : encoder.truncate_dim]
        chunks.append(vectors.float().cpu().numpy())
    return np.concatenate(chunks)


def token_ids(first: Any, texts: list[str], counts: Truncation | None = None) -> list[list[int]]:
    """Returns token ids as the encoder's own preprocessing produces them, before padding.

    Args:
        first: the encoder's first module.
        texts: without lone surrogates.
        counts: counts the tokens beyond the encoder's maximum length, if given.
    """
    counts = Truncation() if counts is None else counts
    if isinstance(first, StaticEmbedding):
        rows = [row.ids for row in first.tokenizer.encode_batch(texts, add_special_tokens=False)]
        counts.add([len(row) for row in rows])
        return rows
    if isinstance(first, Transformer):
        return _transformer_ids(first, texts, counts)
    if isinstance(first, WordEmbeddings):
        rows, limit = [list(first.tokenizer.tokenize(text)) for text in texts], first.max_seq_length
    else:
        rows, limit = [row.ids for row in first.tokenizer.encode_batch(texts)], first.max_tokens
    counts.add([len(row) for row in rows], limit)
    return [row[:limit] for row in rows]


def _transformer_ids(first: Any, texts: list[str], counts: Truncation) -> list[list[int]]:
    """Only texts that reach the limit are tokenized a second time, to count their full length."""
    limit = first.max_seq_length
    rows: list[list[int]] = list(
        first.tokenizer(texts, truncation=limit is not None, max_length=limit, padding=False)["input_ids"]
    )
    lengths = [len(row) for row in rows]
    full = [place for place, length in enumerate(lengths) if limit is not None and length >= limit]
    if full:
        whole = first.tokenizer(
            [texts[place] for place in full], truncation=False, padding=False, verbose=False
        )
        for place, row in zip(full, whole["input_ids"], strict=True):
            lengths[place] = len(row)
    counts.add(lengths, limit)
    return rows


@torch.no_grad()
def state_width(encoder: SentenceTransformer) -> int:
    """Returns the width of the states that `encode_with_states` returns."""
    one = torch.zeros(1, dtype=torch.long, device=encoder.device)
    return int(encode_with_states(encoder, one, torch.tensor([0, 1], device=encoder.device))[1].shape[1])


class _Batch(NamedTuple):
    rows: Int[Tensor, " row"]
    """Numbers of the sentences in the micro-batch."""
    read: dict[str, Tensor]
    """Output of the encoder."""
    present: Bool[Tensor, "row position"]


def _read(encoder: SentenceTransformer, ids: Tensor, offsets: Tensor, token_budget: int) -> Iterator[_Batch]:
    """Encodes all sentences in padded batches, short ones first."""
    if len(ids) == 0:  # only empty sentences: a padded batch needs at least one token
        ids = ids.new_zeros(1)
    _attend_plainly(encoder[0], ids.device)
    lengths = offsets.diff().clamp(max=encoder.max_seq_length or len(ids) + 1)
    order = lengths.argsort(stable=True)
    for rows in _micro_batches(order, lengths[order], token_budget):
        features = _padded(encoder[0], ids, offsets[:-1][rows], lengths[rows])
        present = features["attention_mask"].bool()
        yield _Batch(rows, encoder(features), present)


def _in_order(batches: list[_Batch], offsets: Int[Tensor, " offset"]) -> Float[Tensor, "sentence width"]:
    """Returns the sentence vectors in the original order."""
    order = torch.cat([batch.rows for batch in batches]).argsort()
    vectors = torch.cat([batch.read["sentence_embedding"] for batch in batches])
    # Stock pooling may give values that are not finite for an empty sentence; the zero vector replaces them.
    return vectors[order].where((offsets.diff() > 0).unsqueeze(1), 0)


def _vectors(encoder: SentenceTransformer, features: dict[str, Tensor]) -> Tensor:
    vectors: Tensor = encoder(features)["sentence_embedding"]
    return vectors


def _attend_plainly(first: nn.Module, device: torch.device) -> None:
    """Uses plain matrix products for attention in bf16 on a CPU, where torch's fused attention takes two
    to five times as long."""
    if isinstance(first, Transformer) and device.type == "cpu" and torch.is_autocast_enabled("cpu"):
        model: Any = first.auto_model
        if model.config._attn_implementation == "sdpa":
            model.set_attn_implementation("eager")


def _micro_batches(order: Tensor, lengths: Tensor, token_budget: int) -> Iterator[Tensor]:
    """Cuts rows sorted by length where rows x longest row would exceed the budget; the last row of a batch
    is its longest."""
    ascending = lengths.clamp(min=1).tolist()
    cuts, start = [0], 0
    for place, length in enumerate(ascending):
        if (place - start + 1) * length > token_budget and place > start:
            cuts.append(place)
            start = place
    cuts.append(len(ascending))
    return (order[begin:end] for begin, end in pairwise(cuts))


def _padded(
    first: nn.Module, ids: Tensor, starts: Int[Tensor, " sentence"], lengths: Int[Tensor, " sentence"]
) -> dict[str, Tensor]:
    """Returns rows of ids as a padded batch with the mask that the first module reads."""
    column = torch.arange(max(1, int(lengths.max())), device=ids.device)
    present = column < lengths.unsqueeze(1)
    place = (starts.unsqueeze(1) + column).clamp(max=max(0, len(ids) - 1))
    features = {"input_ids": torch.where(present, ids[place], 0), "attention_mask": present.long()}
    if isinstance(first, WordEmbeddings):
        features["sentence_lengths"] = lengths
    return features
