"""Where student code runs: a locked-down process that never holds a reference, a hidden answer or a score."""
