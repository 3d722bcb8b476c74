"""What things are: frozen data, standard library and NumPy only."""
