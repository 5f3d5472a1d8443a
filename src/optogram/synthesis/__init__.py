"""Pictures made to drive a unit: canvases, objectives and transforms, and one optimisation loop."""
