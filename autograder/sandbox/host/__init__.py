"""The grader's side of a session: it starts the fork server, asks questions, believes no answer."""
