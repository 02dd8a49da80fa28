"""The customer's pages: each opened by the token in a link."""
