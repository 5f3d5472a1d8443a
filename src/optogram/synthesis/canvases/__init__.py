"""How a synthesised picture is parameterised: one canvas a file, found by its name."""
