"""Files, folders, standard input and data sets to documents; what is skipped is counted and named."""
