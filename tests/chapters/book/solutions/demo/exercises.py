"""The one exercise of the topic."""
from autograder.authoring.exercise import Exercise
from solutions.demo import reference

demo_step = Exercise(reference.demo_step, cases=lambda rng: [], points=1)
