"""Training: one loop that knows nothing of any method, the run folder it writes, and the meters it
watches."""
