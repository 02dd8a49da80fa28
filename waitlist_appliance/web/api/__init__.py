"""The JSON API: one file per noun, thin views over the services."""
