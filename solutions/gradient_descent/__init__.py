"""Gradient descent: back-propagation, its check, and the schedules that decide how many examples make a step."""
