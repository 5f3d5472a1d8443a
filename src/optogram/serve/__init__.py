"""Serving an atlas: its files on this machine, and later a live bench beside them."""
