"""One turn of the door (`turn`), and turns as a camera's frames come (`live`)."""
