"""The one exception for what an author or instructor gave that cannot work."""


class ExerciseError(ValueError):
    """An exercise or assignment that cannot work; the sentence names it and the remedy."""
