"""Telling a team's services."""
