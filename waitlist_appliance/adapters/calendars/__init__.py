"""Calendar providers, one folder each."""
