"""nbgrader's steps from release to feedback, and a collect that trusts nobody."""
