"""What the gradebook holds: read, explained, exported."""
