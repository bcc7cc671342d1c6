"""Regularization: penalties, priors, decoupled decay, early stopping."""
