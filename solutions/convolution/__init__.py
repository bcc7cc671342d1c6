"""Convolution: layers that are local and shared, pooling, receptive fields, costs."""
