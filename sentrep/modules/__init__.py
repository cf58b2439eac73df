"""Network parts and losses that several methods share."""
