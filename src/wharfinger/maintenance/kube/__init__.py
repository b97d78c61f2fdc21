"""The Kubernetes API as an evacuation sees it: requests, answers, credentials and a watch."""
