"""Federated logistic regression by FedAvg, numpy only."""
