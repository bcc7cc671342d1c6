"""`autograder watch`: submissions graded and answered as they arrive.

loop      rounds until it is stopped: collect, grade, answer
inbound   what is new in the exchange
graders   the processes that grade, warm between submissions
desk      what a graded submission is answered with
answers   how it goes out to one student: feedback, or a note in its place
ledger    who was answered when, in a file that survives a crash
later     what could not be done, and when it is tried again
lock      one watcher a course
stop      how it ends
"""

from autograder.nbgrader_adapter.watch.loop import watch
from autograder.nbgrader_adapter.watch.replies import Limit

__all__ = ["Limit", "watch"]
