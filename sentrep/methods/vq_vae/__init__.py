"""Auto-encoder with discrete codes: residual VQ, one-hot codes, finite scalar quantization."""
