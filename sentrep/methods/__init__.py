"""Methods: one file a paper, with the objective inside ``forward``. `sentrep.methods.registry` lists them."""
