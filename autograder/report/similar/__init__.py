"""Pairs of answers that are alike: one page for the instructor, a place to look and no verdict.

Its modules, in the order in which they work:

    submissions.py  the code that was handed in, and what explains a likeness: the release, references, known mistakes
    forms.py        code as tokens, and the forms of its passages, whatever its names, comments and layout
    pairs.py        which two students share forms that nothing explains
    page.py         the page, from `templates/similar.html.j2`
"""

from autograder.report.similar.page import write_similar

__all__ = ["write_similar"]
