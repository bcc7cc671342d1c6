"""What an author of exercises works with: misconceptions as changes of a reference, and the proofs of an exercise."""
