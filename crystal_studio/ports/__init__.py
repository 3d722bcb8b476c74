"""What the services need from outside, one Protocol a file."""
