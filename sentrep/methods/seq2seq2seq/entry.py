"""What the package knows of seq2seq2seq without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.capabilities import HasSummarizer
from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry
from sentrep.methods.seq2seq2seq.config import Seq2Seq2SeqConfig

ENTRY = Entry(
    Seq2Seq2SeqConfig,
    "sentrep.methods.seq2seq2seq.method:Seq2Seq2Seq",
    defaults=MethodDefaults(batch_size=96, choose_by="last"),
    corpus_only=False,
    stochastic=True,
    capabilities=(HasSummarizer,),
)
