"""What the studio does: use cases over the ports, without a library of any engine."""
