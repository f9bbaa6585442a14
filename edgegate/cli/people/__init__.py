"""`edgegate people`: who is enrolled, what is said of them, moving them between doors, and forgetting them."""
