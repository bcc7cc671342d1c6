"""Activations: values and slopes, blocks of layers, and what is left of a gradient."""
