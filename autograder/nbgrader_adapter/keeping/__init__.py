"""What a course keeps: where it lies, its copy in one file, that copy restored."""
