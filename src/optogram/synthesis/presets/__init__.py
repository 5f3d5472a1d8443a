"""Recipes from the literature: canvas, transforms, optimiser and number of steps together; one recipe a file, found by its name."""
