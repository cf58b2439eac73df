"""From a folder of documents to a measured hybrid search index in one call."""
