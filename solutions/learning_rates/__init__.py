"""Learning rates: how large a step may be, the schedules that change it, and the ways to find it while training."""
