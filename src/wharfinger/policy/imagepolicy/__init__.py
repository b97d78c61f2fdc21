"""Which images may run: ImagePolicy of OpenShift as it is written there, and what goes beyond it."""
