"""Grading a class: what needs no gradebook in workers, one writer to the gradebook."""
