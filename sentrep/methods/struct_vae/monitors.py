"""What training with struct-vae is watched for."""

from __future__ import annotations

from sentrep.methods.base import Usability
from sentrep.methods.monitors import Remedy, higher, one_sided_trees
from sentrep.utils.errors import opt

USABILITY = Usability(steps=200, reason="structures are still random before about 200", document_length=1)
MONITORS = one_sided_trees(higher("pretrain_share"), Remedy(f"give more {opt('trees')}", "trees"))
