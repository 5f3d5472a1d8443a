"""Pictures of results with Pillow and NumPy alone: signed maps, sheets, overlays and small plots, fit for paper.

theme     colours and spaces, light and dark
oklab     the colour space in which equal steps look equal
colour    numbers as colours: signed, unsigned
text      what the font can write; measuring, wrapping, shortening
paper     a surface with smooth lines, dots, text and pictures
svg       the same as strokes and text that stay sharp
sheet     pictures in a grid with captions
contour   lines of equal value
overlay   a map over a gray photograph
axis      ticks and scales
plots     histogram, curves, a value against its null
"""
