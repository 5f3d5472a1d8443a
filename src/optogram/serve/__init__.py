"""Serving an atlas: its files, and a live bench beside them where its network is at hand."""
