"""Measuring what the installed pack, the gallery's rules and the config do, on people who are labelled."""
