"""A module of an encoder that is saved as its settings in JSON and its weights in safetensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from sentence_transformers.base.modules import Module
from torch import nn

WEIGHTS = "model.safetensors"


class SavedModule(Module):
    """Base of modules whose constructor takes the settings that `config_keys` names."""

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        self.save_config(output_path)
        save_weights(self, Path(output_path))

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **_: Any) -> SavedModule:
        folder = Path(model_name_or_path) / subfolder
        module = cls(**json.loads((folder / cls.config_file_name).read_text(encoding="utf-8")))
        load_weights(module, folder)
        return module


def save_weights(module: nn.Module, folder: Path) -> None:
    """Writes the weights of a module into its folder."""
    weights = {name: weight.contiguous().cpu() for name, weight in module.state_dict().items()}
    save_file(weights, folder / WEIGHTS)


def load_weights(module: nn.Module, folder: Path) -> None:
    """Reads the weights that `save_weights` wrote."""
    module.load_state_dict(load_file(folder / WEIGHTS))
