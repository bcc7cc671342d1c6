"""The closing practice: one network, one budget, and the course's techniques on and off."""
