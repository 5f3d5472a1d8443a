"""A trained network under the lens: loading, addresses, taps, receptive fields, rectifiers, twins.

The only package that hooks a model. The user's module is never touched: everything runs on a shadow (`shadow.py`).
"""
