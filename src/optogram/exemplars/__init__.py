"""Exemplars: the photographs that drive each unit most, least and in between, from one pass over a dataset."""
