"""Methods: one file a paper, with the objective inside ``forward``. `sentrep.registry` lists them."""
