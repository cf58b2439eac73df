"""A module of an encoder that is saved as its settings in JSON and its weights in safetensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from sentence_transformers.base.modules import Module


class SavedModule(Module):
    """Base of modules whose constructor takes the settings that `config_keys` names."""

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        self.save_config(output_path)
        weights = {name: weight.contiguous().cpu() for name, weight in self.state_dict().items()}
        save_file(weights, Path(output_path) / "model.safetensors")

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **_: Any) -> SavedModule:
        folder = Path(model_name_or_path) / subfolder
        module = cls(**json.loads((folder / cls.config_file_name).read_text(encoding="utf-8")))
        module.load_state_dict(load_file(folder / "model.safetensors"))
        return module
