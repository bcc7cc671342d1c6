"""Judges by property: they run outside, on plain arrays."""
import numpy as np

Z = 5.5     # 3.8e-8 for a two-sided normal; two tests a case keep the false alarm below 1e-6


def like_the_sample(answer, expected, arguments, private):
    """Whether two samples have the same shape, mean and variance."""
    answer, expected = np.asarray(answer), np.asarray(expected)
    if answer.shape != expected.shape or answer.dtype.kind != "f":
        return f"the shape is {answer.shape} or the values are no floats"
    n, spread = expected.size, max(expected.std(), 1e-12)
    if not abs(answer.mean() - expected.mean()) < Z * spread * np.sqrt(2 / n):
        return "the mean is not 0"
    if not abs(np.log(max(answer.std(), 1e-12) / spread)) < Z * np.sqrt(1 / n):      # the deviation of log s is √(1/2n)
        return "the variance is not 2 / fan_in"
    return None


def accuracy(answer, expected, arguments, private):
    """Whether the answer's accuracy on the held-out labels is high, or as high as the one expected."""
    answer = np.asarray(answer)
    if answer.shape != private.shape:
        return f"the labels have the shape {answer.shape}, not {private.shape}"
    ours, theirs = (float(np.mean(np.asarray(labels) == private)) for labels in (expected, answer))
    return None if theirs >= 0.9 or abs(ours - theirs) < 0.05 else "too many held-out labels are wrong"
