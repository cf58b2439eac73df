"""GRU and LSTM encoders over tokens.

Both directions run as separate one-way networks, the backward one over each sentence reversed in place. So
right padding never reaches a state that counts, and nothing is packed: on the CPU packing costs a factor of
four, on a GPU it costs a synchronisation. The LSTM with mean or max pooling is saved as stock modules
(`WordEmbeddings`, `LSTM`, `Pooling`); there is no stock GRU."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from jaxtyping import Float, Int
from sentence_transformers.sentence_transformer.modules import LSTM, Pooling, WordEmbeddings
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from sentrep.encoders.token_encoder import TokenEncoder, special_tokens
from sentrep.modules.sequence import run_backwards

Cell = Literal["gru", "lstm"]
CELLS: dict[str, type[nn.GRU] | type[nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM}


class RecurrentEncoder(TokenEncoder):
    """Token table, recurrent layers and pooling in one module."""

    config_keys: ClassVar = [
        "cell",
        "vocab",
        "token_width",
        "width",
        "layers",
        "bidirectional",
        "pooling",
        "dropout",
        "max_tokens",
    ]
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
        super().__init__(tokenizer, vocab, token_width, width, pooling, max_tokens)
        self.cell, self.layers, self.bidirectional, self.dropout = cell, layers, bidirectional, dropout
        self.drop = nn.Dropout(dropout)
        half = width // 2 if bidirectional else width
        self.ahead = nn.ModuleList(self._layer(layer, half) for layer in range(layers))
        self.back = nn.ModuleList(self._layer(layer, half) for layer in range(layers if bidirectional else 0))
        for name, parameter in self.named_parameters():
            if (
                "weight_hh" in name
            ):  # recurrent matrices start orthogonal, gate by gate (skip-thought, section 3.1)
                for gate in parameter.data.split(half):
                    nn.init.orthogonal_(gate)
            else:
                nn.init.uniform_(parameter, -0.1, 0.1)

    def _layer(self, layer: int, half: int) -> nn.Module:
        return CELLS[self.cell](self.token_width if layer == 0 else self.width, half, batch_first=True)

    def states(
        self,
        rows: Float[Tensor, "sentence token token_width"],
        mask: Tensor,
        lengths: Int[Tensor, " sentence"],
    ) -> Float[Tensor, "sentence token width"]:
        states = rows
        for layer, ahead in enumerate(self.ahead):
            if layer:
                states = self.drop(states)
            directions = [ahead(states)[0]]
            if self.bidirectional:
                directions.append(run_backwards(self.back[layer], states, lengths))
            states = torch.cat(directions, dim=2)
        return states

    def pool(
        self, states: Float[Tensor, "sentence token width"], mask: Tensor, lengths: Int[Tensor, " sentence"]
    ) -> Float[Tensor, "sentence width"]:
        """Returns mean, maximum, or final state: the last state of the forward and of the backward
        direction."""
        if self.pooling != "last":
            return super().pool(states, mask, lengths)
        final = states[torch.arange(len(states), device=states.device), lengths.clamp(min=1) - 1]
        if self.bidirectional:
            half = self.width // 2
            final = torch.cat([final[:, :half], states[:, 0, half:]], dim=1)
        return final.where((lengths > 0).unsqueeze(1), 0)

    def stock(self) -> list[nn.Module] | None:
        """Returns the same function as stock modules; None if sentence-transformers has none."""
        if self.cell != "lstm" or self.pooling == "last":
            return None
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=self.tokenizer, **special_tokens(self.tokenizer))
        words = WordEmbeddings(tokenizer, self.table.weight.detach().clone(), max_seq_length=self.max_tokens)
        lstm = LSTM(
            self.token_width,
            self.width // (1 + self.bidirectional),
            self.layers,
            self.dropout,
            self.bidirectional,
        )
        for layer in range(self.layers):
            for directions, suffix in ((self.ahead, ""), (self.back, "_reverse")):
                for name, weight in directions[layer].named_parameters() if len(directions) else ():
                    getattr(lstm.encoder, name.replace("_l0", f"_l{layer}{suffix}")).data.copy_(weight.data)
        return [words, lstm, Pooling(self.width, self.pooling)]
