"""The models of this machine: what is installed, what fits, what does which job; import, verify, remove."""
