"""Asks a network alone who is in a photo, as the door asks it; answers as words, JSON and a drawing."""
