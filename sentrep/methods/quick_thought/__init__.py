"""Quick-thought (Logeswaran & Lee, ICLR 2018)."""
