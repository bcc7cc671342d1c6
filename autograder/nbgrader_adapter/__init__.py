"""Everything that touches nbgrader: its preprocessors, its gradebook, its exchange. Nothing else imports it."""
