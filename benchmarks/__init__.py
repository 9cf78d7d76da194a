"""What must be quick, each as a ratio against a floor that the same run measures."""
