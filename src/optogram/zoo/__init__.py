"""Networks that come with optogram: the demo network, and tiny ones whose units' truth is known."""
