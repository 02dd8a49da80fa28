"""What outside services call."""
