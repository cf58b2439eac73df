"""The list of methods, one line each, in the order in which help and tables show them.

The line names the configuration, which it makes public as ``sentrep.CPCConfig``. What else the package has to
know of a method stands in ``entry.py`` of its folder; `sentrep.methods.registry` reads both.
"""

# ruff: noqa: I001
from sentrep.methods.quick_thought.config import QuickThoughtConfig as QuickThoughtConfig
from sentrep.methods.cpc.config import CPCConfig as CPCConfig
from sentrep.methods.infomax.config import InfoMaxConfig as InfoMaxConfig
from sentrep.methods.skip_thought.config import SkipThoughtConfig as SkipThoughtConfig
from sentrep.methods.flow.config import FlowConfig as FlowConfig
from sentrep.methods.semantic_hashing.config import SemanticHashingConfig as SemanticHashingConfig
from sentrep.methods.autoencoder.config import AutoencoderConfig as AutoencoderConfig
from sentrep.methods.vae.config import VAEConfig as VAEConfig
from sentrep.methods.vq_vae.config import VQVAEConfig as VQVAEConfig
from sentrep.methods.disentangle.config import DisentangleConfig as DisentangleConfig
from sentrep.methods.latent_gan.config import LatentGANConfig as LatentGANConfig
from sentrep.methods.o_gan.config import OGANConfig as OGANConfig
from sentrep.methods.bigan.config import BiGANConfig as BiGANConfig
from sentrep.methods.seq2seq2seq.config import Seq2Seq2SeqConfig as Seq2Seq2SeqConfig
from sentrep.methods.compound_pcfg.config import CompoundPCFGConfig as CompoundPCFGConfig
from sentrep.methods.urnng.config import URNNGConfig as URNNGConfig
from sentrep.methods.struct_vae.config import StructVAEConfig as StructVAEConfig
