"""What answers for the kinds of OpenShift: views of what is stored elsewhere, and questions."""
