"""The course's functions: of each topic in NumPy and PyTorch, its checks and exercises."""
