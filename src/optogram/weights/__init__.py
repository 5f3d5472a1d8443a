"""Weights drawn as the image that they are a template of."""
