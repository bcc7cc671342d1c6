"""Dropout, its kin, averages of networks, and the pruning that came before it."""
