"""Evidence: one claim a file. Should I believe the picture?"""
