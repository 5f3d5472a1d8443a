"""Experiments that teach how networks see: one file, one function, one command (`optogram lab NAME`), one frozen result."""
