"""What exercises of several topics share: drivers of optimizers, draws of cases, a loop for wrong optimizers."""
