"""Two functions of which many answers are right."""
import numpy as np


def he_weights(fan_in, fan_out, seed):
    """Weights (fan_out, fan_in), normal with mean 0 and variance 2 / fan_in, drawn from `seed`."""
    return np.random.default_rng(seed).normal(0, np.sqrt(2 / fan_in), size=(fan_out, fan_in))


def classify(inputs, labels, held_out):
    """Labels for the rows of `held_out`, learnt from `inputs` and their `labels` in any way you like."""
    centres = np.stack([inputs[labels == k].mean(axis=0) for k in range(labels.max() + 1)])
    return np.linalg.norm(held_out[:, None] - centres, axis=-1).argmin(axis=1)
