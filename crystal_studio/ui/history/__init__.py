"""The design tree, the candidates of a round and the queue of jobs."""
