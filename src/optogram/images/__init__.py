"""Photographs in and out: sources, decoding, preprocessing, patches."""
