"""Autoencoders: under-complete, tied, sparse, denoising and stacked, and their fine-tuning."""
