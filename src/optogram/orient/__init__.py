"""Which way is up in a photograph: a tool that people use, and an experiment with its controls.

squares      photographs as squares in four turns, resampled alike, with re-encoded and blurred controls
uprightness  how upright a picture looks: a linear score of a network's frozen features
fitting      its weights, trained by comparing four turns, and its temperature
training     features of photographs, five folds, temperature, twins
examination  everything that is measured about a scorer
answers      predictions for photographs
turns        how quarter turns and EXIF orientations combine
exif         the orientation tag in a JPEG's bytes
writing      applies answers to files, keeps an undo log, survives a kill
evidence     guided backprop and positive paths of a scorer, and which units speak for up
gallery      photographs with their evidence; units with what they add where
report       a folder with galleries, reliability, coverage and units
"""
