"""What both sides of a session read: the channel, the look at processes, the compiler that loads when it is needed."""
