"""GRU and LSTM encoders over tokens.

Both directions run as separate one-way networks, the backward one over each sentence reversed in place. So right padding never
reaches a state that counts, and nothing is packed: on the CPU packing costs a factor of four, on a GPU it costs a synchronisation.
The LSTM with mean or max pooling is saved as stock modules (`WordEmbeddings`, `LSTM`, `Pooling`); there is no stock GRU.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float, Int
from safetensors.torch import load_file, save_file
from sentence_transformers.base.modules import InputModule
from sentence_transformers.sentence_transformer.modules import LSTM, Pooling, WordEmbeddings
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

Cell = Literal["gru", "lstm"]
CELLS: dict[str, type[nn.GRU] | type[nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM}


class Recurrent(InputModule):
    """Token table, recurrent layers and pooling in one module.

    Reads ``input_ids`` and ``attention_mask`` (sentence, token), writes ``token_embeddings`` (sentence, token, width) and
    ``sentence_embedding`` (sentence, width). An empty sentence has the zero vector.
    """

    config_keys: ClassVar = ["cell", "vocab", "token_width", "width", "layers", "bidirectional", "pooling", "dropout", "max_tokens"]
    config_file_name = "recurrent_config.json"

    def __init__(
        self,
        tokenizer: Tokenizer,
        cell: Cell,
        vocab: int,
        token_width: int,
        width: int,
        layers: int = 1,
        bidirectional: bool = True,
        pooling: str = "mean",
        dropout: float = 0.0,
        max_tokens: int = 128,
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.cell, self.vocab, self.token_width, self.width, self.layers = cell, vocab, token_width, width, layers
        self.bidirectional, self.pooling, self.dropout, self.max_tokens = bidirectional, pooling, dropout, max_tokens
        self.table = nn.Embedding(vocab, token_width)
        self.drop = nn.Dropout(dropout)
        half = width // 2 if bidirectional else width
        self.ahead = nn.ModuleList(self._layer(layer, half) for layer in range(layers))
        self.back = nn.ModuleList(self._layer(layer, half) for layer in range(layers if bidirectional else 0))
        for name, parameter in self.named_parameters():
            if "weight_hh" in name:  # recurrent matrices start orthogonal, gate by gate (skip-thought, section 3.1)
                for gate in parameter.data.split(half):
                    nn.init.orthogonal_(gate)
            else:
                nn.init.uniform_(parameter, -0.1, 0.1)

    def _layer(self, layer: int, half: int) -> nn.Module:
        return CELLS[self.cell](self.token_width if layer == 0 else self.width, half, batch_first=True)

    def forward(self, features: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        mask = features["attention_mask"].bool()
        lengths = mask.sum(1)
        flip = reversal(lengths, mask.shape[1])
        states = self.table(features["input_ids"])
        for layer, ahead in enumerate(self.ahead):
            if layer:
                states = self.drop(states)
            directions = [ahead(states)[0]]
            if self.bidirectional:
                directions.append(reorder(self.back[layer](reorder(states, flip))[0], flip))
            states = torch.cat(directions, dim=2)
        features["token_embeddings"] = states
        features["sentence_embedding"] = self.pool(states, mask, lengths)
        return features

    def pool(
        self, states: Float[Tensor, "sentence token width"], mask: Tensor, lengths: Int[Tensor, " sentence"]
    ) -> Float[Tensor, "sentence width"]:
        """Mean, maximum, or final state: where the forward direction ends and the backward direction ends."""
        if self.pooling == "mean":
            return (states * mask.unsqueeze(2)).sum(1) / lengths.clamp(min=1).unsqueeze(1)
        present = (lengths > 0).unsqueeze(1)
        if self.pooling == "max":
            return states.masked_fill(~mask.unsqueeze(2), -torch.inf).amax(1).where(present, 0)
        final = states[torch.arange(len(states), device=states.device), lengths.clamp(min=1) - 1]
        if self.bidirectional:
            half = self.width // 2
            final = torch.cat([final[:, :half], states[:, 0, half:]], dim=1)
        return final.where(present, 0)

    def preprocess(self, inputs: list[str], prompt: str | None = None, **_: Any) -> dict[str, Tensor]:
        texts = self._prepend_prompt(inputs, prompt) if prompt else inputs
        rows = [torch.tensor(encoding.ids[: self.max_tokens]) for encoding in self.tokenizer.encode_batch(texts)]
        ids = nn.utils.rnn.pad_sequence(rows, batch_first=True).long()
        ids = nn.functional.pad(ids, (0, max(0, 1 - ids.shape[1])))  # a recurrent layer refuses a batch of nothing but empty rows
        lengths = torch.tensor([len(row) for row in rows])
        return {"input_ids": ids, "attention_mask": (torch.arange(ids.shape[1]) < lengths[:, None]).long()}

    @property
    def max_seq_length(self) -> int:
        return self.max_tokens

    def get_embedding_dimension(self) -> int:
        return self.width

    def stock(self) -> list[nn.Module] | None:
        """The same function as stock modules, or None where sentence-transformers has none."""
        if self.cell != "lstm" or self.pooling == "last":
            return None
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=self.tokenizer, **special_tokens(self.tokenizer))
        words = WordEmbeddings(tokenizer, self.table.weight.detach().clone(), max_seq_length=self.max_tokens)
        lstm = LSTM(self.token_width, self.width // (1 + self.bidirectional), self.layers, self.dropout, self.bidirectional)
        for layer in range(self.layers):
            for directions, suffix in ((self.ahead, ""), (self.back, "_reverse")):
                for name, weight in directions[layer].named_parameters() if len(directions) else ():
                    getattr(lstm.encoder, name.replace("_l0", f"_l{layer}{suffix}")).data.copy_(weight.data)
        return [words, lstm, Pooling(self.width, self.pooling)]

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        self.save_config(output_path)
        save_file(
            {name: weight.contiguous().cpu() for name, weight in self.state_dict().items()},
            Path(output_path) / "model.safetensors",
        )
        self.tokenizer.save(str(Path(output_path) / "tokenizer.json"))

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **_: Any) -> Recurrent:
        folder = Path(model_name_or_path) / subfolder
        config = json.loads((folder / cls.config_file_name).read_text(encoding="utf-8"))
        module = cls(Tokenizer.from_file(str(folder / "tokenizer.json")), **config)
        module.load_state_dict(load_file(folder / "model.safetensors"))
        return module


def special_tokens(tokenizer: Tokenizer) -> dict[str, str]:
    """The tokenizer's special tokens by the names that transformers has for them, as far as there are any."""
    known = {
        "pad_token": ("[PAD]", "<pad>", "<|pad|>", "<|endoftext|>"),
        "unk_token": ("[UNK]", "<unk>"),
        "cls_token": ("[CLS]", "<s>"),
        "sep_token": ("[SEP]", "</s>"),
        "mask_token": ("[MASK]", "<mask>"),
    }
    found = {name: [token for token in tokens if tokenizer.token_to_id(token) is not None] for name, tokens in known.items()}
    return {name: tokens[0] for name, tokens in found.items() if tokens}


def reversal(lengths: Int[Tensor, " sentence"], width: int) -> Int[Tensor, "sentence token"]:
    """Positions that read each sentence backwards and leave its padding where it is; applying it twice changes nothing.

    >>> reversal(torch.tensor([3, 1]), 4)
    tensor([[2, 1, 0, 3],
            [0, 1, 2, 3]])
    """
    position = torch.arange(width, device=lengths.device).expand(len(lengths), width)
    mirrored = lengths.unsqueeze(1) - 1 - position
    return torch.where(mirrored >= 0, mirrored, position)


def reorder(
    states: Float[Tensor, "sentence token width"], order: Int[Tensor, "sentence token"]
) -> Float[Tensor, "sentence token width"]:
    return states.gather(1, order.unsqueeze(2).expand_as(states))
