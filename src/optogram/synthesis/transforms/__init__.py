"""Small random changes of the view, so that a picture does not depend on exact pixels: one transform a file, found by its name."""
