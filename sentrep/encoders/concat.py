"""Concatenation of encoders: their vectors are normalised one by one, then concatenated.

This is how quick-thought's [f; g], multi-channel quick-thought (two separately trained models) and
skip-thought's combine-skip are made. Each encoder keeps its own tokenizer.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule
from torch import Tensor, nn

from sentrep.encoders import serialization as folder


class Concatenation(InputModule):
    """Concatenation of unit vectors, scaled to a unit vector."""

    def __init__(self, encoders: list[SentenceTransformer]) -> None:
        super().__init__()
        self.encoders: Any = nn.ModuleList(encoders)

    def preprocess(self, inputs: list[str], prompt: str | None = None, **_: Any) -> dict[str, Tensor]:
        return {
            f"{place}.{key}": value
            for place, encoder in enumerate(self.encoders)
            for key, value in encoder.preprocess(inputs, prompt=prompt).items()
        }

    def forward(self, features: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        parts = []
        for place, encoder in enumerate(self.encoders):
            own = {
                key.removeprefix(f"{place}."): value
                for key, value in features.items()
                if key.startswith(f"{place}.")
            }
            parts.append(encoder(own)["sentence_embedding"])
        features["sentence_embedding"] = concatenate(parts)
        return features

    def get_embedding_dimension(self) -> int:
        return sum(encoder.get_embedding_dimension() for encoder in self.encoders)

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        for place, encoder in enumerate(self.encoders):
            folder.save(encoder, Path(output_path) / f"encoder_{place}")

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **_: Any) -> Concatenation:
        found = (Path(model_name_or_path) / subfolder).glob("encoder_*")
        return cls(
            [
                folder.load(path)
                for path in sorted(found, key=lambda path: int(path.name.removeprefix("encoder_")))
            ]
        )


def concatenate(parts: list[Tensor]) -> Tensor:
    """Concatenates unit rows of all parts, (sentence, width), to unit rows (sentence, sum of the widths)."""
    unit: list[Tensor] = [F.normalize(part, dim=1) for part in parts]
    return torch.cat(unit, dim=1) / math.sqrt(len(parts))
