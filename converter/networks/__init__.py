"""Trained networks in files that anybody may have written: read without running them, understood, given one contract."""
