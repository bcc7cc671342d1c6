"""Augmentation: transformed, adversarial and mixed examples, and losses for rare classes."""
