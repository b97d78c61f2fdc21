"""What makes pods, and what protects them: apps, batch, policy, autoscaling, coordination."""
