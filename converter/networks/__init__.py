"""Trained networks in files that anybody may have written: read without being run, understood, given one contract."""
