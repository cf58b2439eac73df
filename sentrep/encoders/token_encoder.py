"""Base class of encoders with their own token table: tokenization, padding, and saving."""

from __future__ import annotations

import json
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from sentence_transformers.base.modules import InputModule
from tokenizers import Tokenizer
from torch import Tensor, nn

from sentrep.encoders.saved_module import load_weights, save_weights


class TokenEncoder(InputModule):
    """A token table, and states that are computed from its rows.

    Reads ``input_ids`` and ``attention_mask`` (sentence, token), writes ``token_embeddings`` (sentence,
    token, width) and ``sentence_embedding`` (sentence, width). An empty sentence has the zero vector.
    """

    config_keys: ClassVar[list[str]]
    """Arguments of the class besides the tokenizer; each is also an attribute."""

    def __init__(
        self, tokenizer: Tokenizer, vocab: int, token_width: int, width: int, pooling: str, max_tokens: int
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.vocab, self.token_width, self.width, self.pooling, self.max_tokens = (
            vocab,
            token_width,
            width,
            pooling,
            max_tokens,
        )
        self.table = nn.Embedding(vocab, token_width)

    @abstractmethod
    def states(
        self,
        rows: Float[Tensor, "sentence token token_width"],
        mask: Tensor,
        lengths: Int[Tensor, " sentence"],
    ) -> Float[Tensor, "sentence token width"]:
        """Returns a state for each token; states outside of the mask are not used."""

    def forward(self, features: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        mask = features["attention_mask"].bool()
        lengths = mask.sum(1)
        states = self.states(self.table(features["input_ids"]), mask, lengths)
        features["token_embeddings"] = states
        features["sentence_embedding"] = self.pool(states, mask, lengths)
        return features

    def pool(
        self, states: Float[Tensor, "sentence token width"], mask: Tensor, lengths: Int[Tensor, " sentence"]
    ) -> Float[Tensor, "sentence width"]:
        """Returns the mean or maximum over the tokens."""
        if self.pooling == "mean":
            return (states * mask.unsqueeze(2)).sum(1) / lengths.clamp(min=1).unsqueeze(1)
        return states.masked_fill(~mask.unsqueeze(2), -torch.inf).amax(1).where((lengths > 0).unsqueeze(1), 0)

    def preprocess(self, inputs: list[str], prompt: str | None = None, **_: Any) -> dict[str, Tensor]:
        texts = self._prepend_prompt(inputs, prompt) if prompt else inputs
        rows = [
            torch.tensor(encoding.ids[: self.max_tokens]) for encoding in self.tokenizer.encode_batch(texts)
        ]
        ids = nn.utils.rnn.pad_sequence(rows, batch_first=True).long()
        # A layer refuses a batch of nothing but empty rows.
        ids = nn.functional.pad(ids, (0, max(0, 1 - ids.shape[1])))
        lengths = torch.tensor([len(row) for row in rows])
        return {"input_ids": ids, "attention_mask": (torch.arange(ids.shape[1]) < lengths[:, None]).long()}

    @property
    def max_seq_length(self) -> int:
        """Tokens that are read of a text. It may be set; an encoder without rows of positions reads any
        length."""
        return self.max_tokens

    @max_seq_length.setter
    def max_seq_length(self, value: int) -> None:
        self.max_tokens = value

    def get_embedding_dimension(self) -> int:
        return self.width

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        self.save_config(output_path)
        save_weights(self, Path(output_path))
        self.tokenizer.save(str(Path(output_path) / "tokenizer.json"))

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **_: Any) -> TokenEncoder:
        folder = Path(model_name_or_path) / subfolder
        config = json.loads((folder / cls.config_file_name).read_text(encoding="utf-8"))
        module = cls(Tokenizer.from_file(str(folder / "tokenizer.json")), **config)
        load_weights(module, folder)
        return module


def special_tokens(tokenizer: Tokenizer) -> dict[str, str]:
    """Returns the tokenizer's special tokens by their names in transformers, for those that exist."""
    known = {
        "pad_token": ("[PAD]", "<pad>", "<|pad|>", "<|endoftext|>"),
        "unk_token": ("[UNK]", "<unk>"),
        "cls_token": ("[CLS]", "<s>"),
        "sep_token": ("[SEP]", "</s>"),
        "mask_token": ("[MASK]", "<mask>"),
    }
    found = {
        name: [token for token in tokens if tokenizer.token_to_id(token) is not None]
        for name, tokens in known.items()
    }
    return {name: tokens[0] for name, tokens in found.items() if tokens}
