"""What came from a student, made safe to show: markup, pictures, the outputs of cells."""
