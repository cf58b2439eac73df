"""A trained model put to use: loading, generating, summarizing, parsing, evaluating."""
