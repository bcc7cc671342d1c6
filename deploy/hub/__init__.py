"""`make hub`: the course's classroom as a JupyterHub on this machine."""
