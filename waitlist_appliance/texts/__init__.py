"""What is said: catalogues, messages, dates in words, segments, calendar files."""
