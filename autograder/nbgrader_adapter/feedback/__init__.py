"""The pages that people read of a graded notebook: the student's feedback, and the mathematics of formgrader's.

    markdown.py     a notebook's prose as safe HTML, with its mathematics as MathML
    grades.py       what the gradebook and the verdicts say, put beside the cells
    exporter.py     the feedback page, from `templates/autograder_feedback`

A page is one file without script that loads nothing: it travels through the exchange and is read anywhere.
"""
