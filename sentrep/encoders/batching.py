"""Feeding encoders: ragged token ids in, sentence vectors out, with padding kept small.

Sentences run from 1 to 100 tokens; padded in the order they come, most of the work of a transformer or an RNN
is padding. So rows are sorted by length, cut into micro-batches of about `token_budget` padded tokens, and
put back in order. A bag needs no padding."""

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

from sentrep.encoders.concat import SideBySide, side_by_side
from sentrep.encoders.token_encoder import Reader
from sentrep.utils.progress import progress

TOKEN_BUDGET = 4096


def encode_tokens(
    encoder: SentenceTransformer,
    ids: Int[Tensor, " token"],
    offsets: Int[Tensor, " offset"],
    token_budget: int = TOKEN_BUDGET,
) -> Float[Tensor, "sentence width"]:
    """Vectors of ragged sentences, with gradient where gradients are on. Sentence i is
    ``ids[offsets[i]:offsets[i + 1]]``, cut where the encoder has no more positions."""
    if isinstance(encoder[0], StaticEmbedding):
        return _vectors(encoder, {"input_ids": ids, "offsets": offsets[:-1]})
    if len(offsets) == 1:
        return torch.zeros(0, encoder.get_embedding_dimension(), device=ids.device)
    return _in_order(list(_read(encoder, ids, offsets, token_budget)), offsets)


def encode_with_states(
    encoder: SentenceTransformer,
    ids: Int[Tensor, " token"],
    offsets: Int[Tensor, " offset"],
    token_budget: int = TOKEN_BUDGET,
) -> tuple[Float[Tensor, "sentence width"], Float[Tensor, "token state_width"]]:
    """The same vectors, and beside them the encoder's state of each token: of a bag, which has none, the
    token's row. Zeros for tokens beyond what the encoder reads of a sentence."""
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
) -> np.ndarray:
    """Vectors of texts, float32 (sentence, width), in the order given.

    Raises:
        TypeError: a single string was passed; it would be read letter by letter.
    """
    if isinstance(texts, str):
        raise TypeError("encode takes a list of sentences; for one sentence pass [sentence]")
    encoder.eval()
    if isinstance(encoder[0], SideBySide) and len(encoder) == 1:
        parts = [
            torch.from_numpy(encode(part, texts, token_budget, show_progress)) for part in encoder[0].encoders
        ]
        return (
            side_by_side(parts).numpy()
            if len(texts)
            else np.zeros((0, sum(part.shape[1] for part in parts)), np.float32)
        )
    if not len(texts):
        return np.zeros((0, encoder.get_embedding_dimension()), np.float32)
    if encoder.default_prompt_name or not isinstance(
        encoder[0], StaticEmbedding | Transformer | WordEmbeddings | Reader
    ):
        return np.asarray(
            encoder.encode(list(texts), show_progress_bar=show_progress, convert_to_numpy=True),
            dtype=np.float32,
        )
    device = encoder.device
    chunks = []
    starts = range(0, len(texts), 8192)
    for start in progress(starts, "embedding", len(starts), "batch of 8192") if show_progress else starts:
        rows = token_ids(encoder[0], list(texts[start : start + 8192]))
        ids = torch.tensor([token for row in rows for token in row], dtype=torch.long, device=device)
        offsets = torch.tensor(np.cumsum([0, *map(len, rows)]), device=device)
        chunks.append(encode_tokens(encoder, ids, offsets, token_budget).float().cpu().numpy())
    return np.concatenate(chunks)


def token_ids(first: Any, texts: list[str]) -> list[list[int]]:
    """Token ids as the encoder's own preprocessing gives them, before padding."""
    if isinstance(first, WordEmbeddings):
        return [list(first.tokenizer.tokenize(text))[: first.max_seq_length] for text in texts]
    if isinstance(first, Transformer):
        limit = first.max_seq_length
        return list(
            first.tokenizer(texts, truncation=limit is not None, max_length=limit, padding=False)["input_ids"]
        )
    if isinstance(first, Reader):
        return [encoding.ids[: first.max_tokens] for encoding in first.tokenizer.encode_batch(texts)]
    return [encoding.ids for encoding in first.tokenizer.encode_batch(texts, add_special_tokens=False)]


@torch.no_grad()
def state_width(encoder: SentenceTransformer) -> int:
    """Width of the states that `encode_with_states` gives."""
    one = torch.zeros(1, dtype=torch.long, device=encoder.device)
    return int(encode_with_states(encoder, one, torch.tensor([0, 1], device=encoder.device))[1].shape[1])


class _Batch(NamedTuple):
    rows: Int[Tensor, " row"]
    """Which sentences it holds."""
    read: dict[str, Tensor]
    """What the encoder made of them."""
    present: Bool[Tensor, "row position"]


def _read(encoder: SentenceTransformer, ids: Tensor, offsets: Tensor, token_budget: int) -> Iterator[_Batch]:
    """All sentences in padded batches, the short ones first."""
    if len(ids) == 0:  # nothing but empty sentences: padding needs a token to stand on
        ids = ids.new_zeros(1)
    _attend_plainly(encoder[0], ids.device)
    lengths = offsets.diff().clamp(max=encoder.max_seq_length or len(ids) + 1)
    order = lengths.argsort(stable=True)
    for rows in _micro_batches(order, lengths[order], token_budget):
        features = _padded(encoder[0], ids, offsets[:-1][rows], lengths[rows])
        present = features["attention_mask"].bool()
        yield _Batch(rows, encoder(features), present)


def _in_order(batches: list[_Batch], offsets: Int[Tensor, " offset"]) -> Float[Tensor, "sentence width"]:
    """The sentences' vectors, back in their order."""
    order = torch.cat([batch.rows for batch in batches]).argsort()
    vectors = torch.cat([batch.read["sentence_embedding"] for batch in batches])
    # Stock pooling makes no number of an empty sentence: it has the zero vector.
    return vectors[order].where((offsets.diff() > 0).unsqueeze(1), 0)


def _vectors(encoder: SentenceTransformer, features: dict[str, Tensor]) -> Tensor:
    vectors: Tensor = encoder(features)["sentence_embedding"]
    return vectors


def _attend_plainly(first: nn.Module, device: torch.device) -> None:
    """In bf16 on a CPU, torch's fused attention takes two to five times as long as the two products and the
    softmax written out."""
    if isinstance(first, Transformer) and device.type == "cpu" and torch.is_autocast_enabled("cpu"):
        model: Any = first.auto_model
        if model.config._attn_implementation == "sdpa":
            model.set_attn_implementation("eager")


def _micro_batches(order: Tensor, lengths: Tensor, token_budget: int) -> Iterator[Tensor]:
    """Cut rows sorted by length where rows x longest row would pass the budget; the last row of a batch is
    its longest."""
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
    """Rows of ids as a padded batch with the mask that the first module reads."""
    column = torch.arange(max(1, int(lengths.max())), device=ids.device)
    present = column < lengths.unsqueeze(1)
    place = (starts.unsqueeze(1) + column).clamp(max=max(0, len(ids) - 1))
    features = {"input_ids": torch.where(present, ids[place], 0), "attention_mask": present.long()}
    if isinstance(first, WordEmbeddings):
        features["sentence_lengths"] = lengths
    return features
