"""Several verbs in one call."""
