"""Parts: what has a second user among the methods, or a paper of its own."""
