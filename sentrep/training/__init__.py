"""Training: one loop for all methods, the run folder that it writes, and the monitors of a run."""
