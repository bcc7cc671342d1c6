"""Initialization: where the weights of a network start, and what that does to its signals."""
