"""A trained model to prune, and the order in which three rules prune it."""
import numpy as np

from solutions.dropout.reference import saliency, surgeon_step


def logistic_regression(X, t, *, decay=0.01, steps=20):
    """A logistic regression at its minimum, which Newton's method finds.

    Parameters
    ----------
    X, t : ndarray, (N, D), (N,)
        Targets are -1 and 1.
    decay : float
        Strength of the L2 penalty, with ½.

    Returns
    -------
    loss, gradient : callable, (D,) -> float, (D,) -> (D,)
    hessian, weights : ndarray, (D, D), (D,)
        At the minimum.
    """
    def loss(w):
        return np.logaddexp(0, -t * (X @ w)).mean() + decay * w @ w / 2

    def gradient(w):
        return -(t / (1 + np.exp(t * (X @ w)))) @ X / len(t) + decay * w

    def hessian(w):
        q = 1 / (1 + np.exp(-X @ w))
        return (X.T * q * (1 - q)) @ X / len(t) + decay * np.eye(len(w))

    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = w - np.linalg.solve(hessian(w), gradient(w))
    return loss, gradient, hessian(w), w


def prune(weights, hessian, *, by):
    """The weights after each removal, until none is left: (D, D).

    Parameters
    ----------
    weights, hessian : ndarray, (D,), (D, D)
        At a minimum.
    by : 'size', 'saliency' or 'surgeon'
        Remove the smallest |θ|, the smallest ½ h θ², or take the surgeon's step.
    """
    path, kept = [weights], np.ones(len(weights), bool)
    for _ in weights:
        w = path[-1]
        if by == "surgeon":
            w, kept = surgeon_step(w, hessian, kept)
        else:
            cost = np.abs(w) if by == "size" else saliency(w, np.diag(hessian))
            gone = np.arange(len(w)) == np.argmin(np.where(kept, cost, np.inf))
            w, kept = np.where(gone, 0, w), kept & ~gone
        path.append(w)
    return np.stack(path[1:])
