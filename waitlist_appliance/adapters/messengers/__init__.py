"""Message providers, one folder each."""
