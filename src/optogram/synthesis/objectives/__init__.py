"""What a synthesised picture is to raise or lower: one objective a file, found by its name."""
