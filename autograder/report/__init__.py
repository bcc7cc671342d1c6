"""How a class did on an assignment: one HTML page for the instructor, from the gradebook and the store of verdicts.

Its modules, in the order in which they work:

    collected.py    what is known, gathered
    statistics.py   difficulty, discrimination, and the distribution of scores
    plots.py        Matplotlib's drawings as SVG for the page
    page.py         the page, from `templates/report.html.j2`

Nothing here judges an answer.
"""

from autograder.report.page import write_report

__all__ = ["write_report"]
