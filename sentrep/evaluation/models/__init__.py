"""Models without training that every table contains."""
