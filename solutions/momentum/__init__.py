"""Momentum: its three forms, Nesterov's, QHM and AggMo, and their rates on a quadratic."""
