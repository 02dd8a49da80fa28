"""What outside services call. Empty until their adapters exist."""
