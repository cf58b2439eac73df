"""Auto-encoder and denoising auto-encoder; TSDAE with a pretrained encoder."""
