"""The course's reference functions: for each topic NumPy, PyTorch, the drivers of its checks, and its exercises."""
