"""Who is in the course: read from the lists that Canvas, Moodle and nbgrader export, and kept beside the gradebook."""
