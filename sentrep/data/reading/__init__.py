"""Files, folders, standard input and data sets to documents."""
