"""Federated count, sum, mean, standard deviation and histogram."""
