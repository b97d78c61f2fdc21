"""What brings workloads to what they should be, as far as a cluster without node agents can."""
