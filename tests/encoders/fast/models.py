"""Small models with random weights, of each family that the fast path computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn

FAMILIES = {
    "bert": (transformers.BertConfig, transformers.BertModel),
    "roberta": (transformers.RobertaConfig, transformers.RobertaModel),
    "xlm-roberta": (transformers.XLMRobertaConfig, transformers.XLMRobertaModel),
    "camembert": (transformers.CamembertConfig, transformers.CamembertModel),
    "mpnet": (transformers.MPNetConfig, transformers.MPNetModel),
    "distilbert": (transformers.DistilBertConfig, transformers.DistilBertModel),
}
WIDTH = 32
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "a", "b", "the", "##s", ",", ".", "fox", "中", "-"]
TEXTS = ["", "a", "The fox, a b.", "a <pad> b <mask>", "é 中文 foxs", "a " * 700, "b " * 510, "b " * 511]
TEXTS += ["the fox - " * number for number in range(1, 40)]


def tokenizer(marks: bool = True) -> Tokenizer:
    """WordPiece; with `marks`, <s> and </s> stand around each text."""
    inner = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(PIECES)}, unk_token="<unk>"))
    inner.normalizer = normalizers.BertNormalizer()
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.add_special_tokens(PIECES[:5])
    if marks:
        around = [("<s>", 0), ("</s>", 2)]
        inner.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=around)
    return inner


def made(
    folder: Path, family: str, pooling: Any = "mean", behind: tuple[nn.Module, ...] = (), **settings: Any
) -> SentenceTransformer:
    """A model of random weights, saved to `folder` and opened by sentence-transformers."""
    config_of, model_of = FAMILIES[family]
    torch.manual_seed(3)
    shape: dict[str, Any] = {"vocab_size": len(PIECES), "max_position_embeddings": 514, "pad_token_id": 1}
    if family == "distilbert":
        shape |= {"dim": WIDTH, "n_layers": 2, "n_heads": 4, "hidden_dim": 48}
    else:
        shape |= {"hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 4}
        shape |= {"intermediate_size": 48}
    model = model_of(config_of(**(shape | settings)))
    for weight in model.parameters():
        weight.data.normal_(0, 0.2)
    model.save_pretrained(folder / "bare")
    special = dict(
        zip(("cls_token", "pad_token", "sep_token", "unk_token", "mask_token"), PIECES[:5], strict=True)
    )
    words = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer(), model_max_length=512, **special
    )
    words.save_pretrained(folder / "bare")
    first = Transformer(str(folder / "bare"), model_kwargs={"dtype": torch.float32})
    pool = Pooling(WIDTH, pooling)
    SentenceTransformer(modules=[first, pool, *behind]).save(str(folder / "model"), create_model_card=False)
    return SentenceTransformer(str(folder / "model"), device="cpu").eval()


def heads(width: int) -> tuple[nn.Module, ...]:
    """Dense layers and a normalisation that may stand behind pooling."""
    torch.manual_seed(4)
    return (
        Dense(width, 24),
        Dense(24, 24, bias=False, activation_function=nn.GELU(), use_residual=True),
        Dense(24, 16, activation_function=nn.Identity(), use_residual=True),
        Normalize(),
    )
