"""Without Kubernetes: a Docker host that is emptied and brought back, and nodes of a swarm."""
