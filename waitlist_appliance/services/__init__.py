"""The use cases: one verb, one file, one short transaction."""
