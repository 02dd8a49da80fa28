"""Flask: the only package that imports it."""
