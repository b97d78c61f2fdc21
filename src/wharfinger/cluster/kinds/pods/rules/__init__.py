"""What a pod may be, judged in the words that clients know."""
