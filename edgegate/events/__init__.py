"""Events: their types and reasons (`vocabulary`), and as CloudEvents on the wire (`cloudevents`)."""
