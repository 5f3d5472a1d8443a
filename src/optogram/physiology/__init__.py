"""What an experimenter would do to a neuron, done to a unit: measurements only, on any unit of any site of any network.

gratings     gratings, bars and spots drawn by formula
electrode    reads units of a site at one place
curves       what tuning curves are summed up by: circular variance, bandwidth, F1/F0
tuning       orientation, spatial frequency, phase, position, size and contrast tuning
gabor        Gabor functions fitted to filters
macaque      published cells of macaque V1, and how far a set of filters is from them
sta          spike-triggered average and covariance
invariance   how much of a unit's response survives a change of the picture
fields       the field by the recursive rule, and where the gradient's energy lies
"""
