"""Puts the box on a machine. Standard library only: it runs before anything is installed, out of a wheel too."""
