"""Momentum: its three forms, Nesterov's, QHM and AggMo, and how fast each is on a quadratic."""
