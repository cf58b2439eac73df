"""Documents to sentences, and sentences to training and held-out parts."""
