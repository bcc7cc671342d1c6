"""Normalization: of the data, and inside a network by batch, layer, group and root mean square."""
