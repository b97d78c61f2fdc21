"""What a decision on images looks up: in our objects, in a cluster, in other registries."""
