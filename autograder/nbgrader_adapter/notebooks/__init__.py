"""A submitted notebook and the files beside it: read within bounds, and repaired where other tools wrote them."""
