"""Documents to sentences and passages, and sentences to training and held-out parts."""
